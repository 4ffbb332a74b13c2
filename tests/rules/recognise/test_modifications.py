"""How a modification is accounted for: decided by rule, each step told (606-10-25-12, 25-13)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cashline.flow.recognise.revenue.rules.standard.deciding import Change, Decision, decide
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractFact,
    EventFact,
    Fixed,
    ObligationFact,
    PriceChange,
    PriceRange,
    ProgressMade,
    QuantityChange,
    TermChange,
    Transfer,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts

D = Decimal
DAY = date(2025, 6, 1)


def contract(*obligations: ObligationFact) -> ContractFact:
    return ContractFact(
        id="c", inception=date(2025, 1, 1), consideration=(Fixed(id="price", amount=D(1000)),), obligations=obligations
    )


GOODS = ObligationFact(id="goods", pattern="point", quantity=D(10), ssp=D(600))
SERVICE = ObligationFact(
    id="service", pattern="ratable_daily", ssp=D(400), starts_on=date(2025, 1, 1), until=date(2026, 1, 1)
)
BUILDING = ObligationFact(id="building", pattern="output_measure", measure="units", measure_total=D(10), ssp=D(900))
EXTRA = ObligationFact(id="extra", pattern="point", quantity=D(3), ssp=D(300))
SOME: EventFact = Transfer(at=date(2025, 2, 1), obligation="goods", quantity=D(4))
HALF: EventFact = ProgressMade(at=date(2025, 2, 1), obligation="building", to_date=D(5))
ALL: EventFact = Transfer(at=date(2025, 2, 1), obligation="goods", quantity=D(10))


def decided(obligations: tuple[ObligationFact, ...], events: tuple[EventFact, ...], **change: Any) -> Decision:
    prices = (PriceChange(D(change.pop("price")), "remaining"),) if "price" in change else ()
    given = Change(at=DAY, contract="c", price_changes=prices, **change)
    return decide(Facts((contract(*obligations),), (), events), given)


@pytest.mark.parametrize(
    ("obligations", "events", "change", "treatment", "answers"),
    [
        ((GOODS,), (SOME,), {"added": (EXTRA,), "price": "300"}, "separate", (True, True)),
        ((GOODS,), (SOME,), {"added": (EXTRA,), "price": "240"}, "prospective", (True, False, True)),
        ((GOODS,), (SOME,), {"added": (EXTRA,), "price": "285", "tolerance": D("0.05")}, "separate", (True, True)),
        ((GOODS,), (SOME,), {"price": "-50"}, "prospective", (False, True)),
        ((GOODS, SERVICE), (ALL,), {"removed": ("service",), "price": "-100"}, "catch_up", (False, False)),
        ((BUILDING,), (HALF,), {"price": "200"}, "catch_up", (False, False)),
        ((BUILDING,), (), {"price": "200"}, "prospective", (False, True)),
        ((BUILDING, GOODS), (HALF, SOME), {"price": "200"}, "mixed", (False, False, True)),
        ((BUILDING,), (HALF,), {"added": (EXTRA,), "price": "100"}, "mixed", (True, False, False, True)),
        (
            (BUILDING,),
            (HALF,),
            {"added": (EXTRA,), "price": "300", "not_distinct": ("extra",)},
            "catch_up",
            (False, False),
        ),
        ((BUILDING, GOODS), (HALF, SOME), {"price": "9", "distinct": ("building",)}, "prospective", (False, True)),
        (
            (GOODS,),
            (SOME,),
            {"quantities": (QuantityChange("goods", D(5)),)},
            "prospective",
            (False, True),
        ),
        (
            (SERVICE,),
            (),
            {"terms": (TermChange("service", date(2025, 9, 1)),), "price": "-99"},
            "prospective",
            (False, True),
        ),
    ],
)
def test_the_treatment_follows_from_the_steps(
    obligations: tuple[ObligationFact, ...],
    events: tuple[EventFact, ...],
    change: dict[str, Any],
    treatment: str,
    answers: tuple[bool, ...],
) -> None:
    found = decided(obligations, events, **change)
    assert (found.treatment, tuple(step.answer for step in found.steps)) == (treatment, answers)
    assert all(step.because and step.paragraph for step in found.steps)


def test_the_price_of_what_is_added_may_lie_in_the_range_of_observed_prices() -> None:
    ranged = ObligationFact(id="extra", pattern="point", ssp=D(300), ssp_range=PriceRange(D(250), D(320)))
    assert decided((GOODS,), (SOME,), added=(ranged,), price="255").treatment == "separate"
    outside = decided((GOODS,), (SOME,), added=(ranged,), price="321")
    assert outside.treatment == "prospective"
    assert outside.steps[1].because == "it rises by 321, and the stand-alone price is 250 to 320"
    unknown = ObligationFact(id="extra", pattern="point")
    assert "no stand-alone price of extra" in decided((GOODS,), (SOME,), added=(unknown,), price="1").steps[1].because
