"""Who taxes a supply, by which code and rate: the decision table of EU and foreign sales, case by case."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.invoices.rules.totals import share_tax, tax_groups, tax_on
from cashline.flow.invoice.taxes.rules import (
    DatedRate,
    MissingTaxRate,
    NewTaxRate,
    RateTable,
    Supply,
    TaxDecision,
    decide_tax,
    of_one_document,
    rate_problems,
)

D = Decimal
DAY = date(2026, 3, 2)
RATES = RateTable(
    {
        ("DE", "standard"): [
            DatedRate(date(2020, 7, 1), date(2021, 1, 1), D(16)),
            DatedRate(date(2021, 1, 1), None, D(19)),
        ],
        ("DE", "reduced"): [DatedRate(date(2021, 1, 1), None, D(7))],
        ("FR", "standard"): [DatedRate(date(2014, 1, 1), None, D(20))],
        ("US", "standard"): [DatedRate(date(2000, 1, 1), None, D(0))],
    }
)


def supply(
    seller: str = "DE",
    buyer: str = "DE",
    ship_to: str = "",
    vat_id: str = "",
    kind: str = "goods",
    category: str = "standard",
    exempt: str = "",
    day: date = DAY,
) -> Supply:
    return Supply(seller, buyer, ship_to or buyer, vat_id, exempt, kind, category, day)


@pytest.mark.parametrize(
    ("case", "code", "rate"),
    [
        (supply(), "S", "19"),
        (supply(day=date(2020, 12, 31)), "S", "16"),
        (supply(day=date(2021, 1, 1)), "S", "19"),
        (supply(category="reduced"), "S", "7"),
        (supply(category="zero"), "Z", "0"),
        (supply(category="exempt"), "E", "0"),
        (supply(exempt="Diplomatic mission, certificate 12"), "E", "0"),
        (supply(vat_id="DE811907980"), "S", "19"),
        (supply(buyer="FR", vat_id="FR40303265045"), "K", "0"),
        (supply(buyer="FR", vat_id="FR40303265045", ship_to="DE"), "S", "19"),
        (supply(buyer="DE", vat_id="DE811907980", ship_to="FR"), "S", "20"),
        (supply(buyer="FR", vat_id="FR40303265045", kind="subscription"), "AE", "0"),
        (supply(buyer="GR", vat_id="EL123456783", kind="service"), "AE", "0"),
        (supply(buyer="FR", vat_id="IT00743110157"), "K", "0"),
        (supply(buyer="FR"), "S", "20"),
        (supply(buyer="FR", kind="subscription"), "S", "20"),
        (supply(buyer="FR", kind="service"), "S", "19"),
        (supply(buyer="CH"), "G", "0"),
        (supply(buyer="CH", kind="subscription"), "O", "0"),
        (supply(buyer="CH", ship_to="DE"), "S", "19"),
        (supply(seller="US", buyer="US"), "Z", "0"),
        (supply(seller="US", buyer="DE", vat_id="DE811907980"), "G", "0"),
        (supply(seller="US", buyer="DE", kind="subscription"), "O", "0"),
    ],
)
def test_the_decision(case: Supply, code: str, rate: str) -> None:
    found = decide_tax(case, RATES)
    assert (found.code, found.rate) == (code, D(rate))
    assert found.basis
    assert bool(found.reason) == (code not in ("S", "Z"))
    assert not found.vatex or found.reason


def test_a_seller_outside_the_eu_does_not_cite_its_directive() -> None:
    assert decide_tax(supply(seller="US", buyer="CA"), RATES).vatex == ""
    assert "Directive" not in decide_tax(supply(seller="US", buyer="CA", kind="service"), RATES).reason


def test_a_country_without_a_rate_refuses_and_says_what_to_do() -> None:
    with pytest.raises(MissingTaxRate) as caught:
        decide_tax(supply(buyer="IT"), RATES)
    assert caught.value.data["country"] == "IT"
    assert "Enter the rate of IT" in caught.value.fix


def test_what_is_outside_the_scope_stands_alone_or_follows_the_export() -> None:
    goods, service = decide_tax(supply(buyer="CH"), RATES), decide_tax(supply(buyer="CH", kind="service"), RATES)
    assert [item.code for item in of_one_document([service, service])] == ["O", "O"]
    assert [item.code for item in of_one_document([goods, service])] == ["G", "G"]


def test_a_wrong_rate_is_told_with_all_its_errors() -> None:
    found = rate_problems(NewTaxRate("Germany", TaxCategory.ZERO, D(119), DAY))
    assert [problem.field for problem in found] == ["country", "percent", "percent"]
    assert rate_problems(NewTaxRate("DE", TaxCategory.STANDARD, D(19), DAY)) == []


def standard(rate: str) -> TaxDecision:
    return TaxDecision("S", D(rate), "", "", "Supplied within DE")


@pytest.mark.parametrize(
    ("nets", "rate", "tax", "gross"),
    [
        (["5350.66"], "22", "1177.15", "6527.81"),  # 348.35 x 16, less 4 %, by line
        (["55.55", "11.11"], "23", "15.33", "81.99"),
        (["5770.75"], "21", "1211.86", "6982.61"),  # 25 x 230.83
        (["26.09"], "15", "3.91", "30.00"),  # 3 x 10.00 gross
        (["24.99"], "10.75", "2.69", "27.68"),
        (["36.86", "9.21"], "8.5", "3.92", "49.99"),  # 46.07 less 20 %, and 9.21
        (["21618.00"], "19", "4107.42", "25725.42"),
        (["10781.17"], "19", "2048.42", "12829.59"),
    ],
)
def test_published_cases_of_tax_rounding(nets: list[str], rate: str, tax: str, gross: str) -> None:
    (group,) = tax_groups([(standard(rate), D(net)) for net in nets], 2)
    assert (group.tax, group.base + group.tax) == (D(tax), D(gross))
    shares = share_tax(group.tax, [D(net) for net in nets], 2)
    assert sum(shares) == group.tax


def test_yen_tax_is_whole() -> None:
    (group,) = tax_groups([(standard("10"), D("101")), (standard("10"), D("101"))], 0)
    assert (group.base, group.tax) == (D(202), D(20))


NETS = st.lists(st.decimals(D("0"), D("100000"), places=2), min_size=1, max_size=12)


@given(NETS, st.decimals(D(0), D(30), places=2))
def test_shares_of_tax_sum_to_it_and_stay_within_a_cent_of_their_own(nets: list[Decimal], rate: Decimal) -> None:
    (group,) = tax_groups([(standard(str(rate)), net) for net in nets], 2)
    shares = share_tax(group.tax, nets, 2)
    assert sum(shares) == group.tax == tax_on(sum(nets, D(0)), rate, 2)
    if any(nets):
        assert all(abs(share - net * rate / 100) <= D("0.02") for share, net in zip(shares, nets, strict=True))
