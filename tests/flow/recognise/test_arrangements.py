"""Arrangements: facts recorded once, planned, posted as a difference; any order of arrival gives the same books."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest
from django.db import Error, transaction

from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    recognise_arrangements,
    record_arrangements,
    record_facts,
)
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractFact,
    EventFact,
    Fixed,
    Invoiced,
    Modified,
    ObligationFact,
    Paid,
    PriceChange,
    Transfer,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import VariableEstimate
from cashline.flow.report.explain.queries import explain
from cashline.flow.report.health.queries import verify
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue, Refusals
from cashline.platform import sql
from cashline.platform.company.actions import NewEntity, create_entities
from tests.support.console import Console
from tests.support.recognise import at
from tests.support.world import ACTOR

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY, MARCH, JUNE = date(2026, 1, 31), date(2026, 3, 31), date(2026, 6, 30)

CONTRACT = ContractFact(
    id="c",
    inception=date(2026, 1, 1),
    consideration=(Fixed(id="price", amount=D(1200)), Variable(id="bonus", basis="total")),
    obligations=(
        ObligationFact(id="licence", pattern="point", ssp=D(600)),
        ObligationFact(
            id="support", pattern="ratable_monthly", ssp=D(600), starts_on=date(2026, 1, 1), until=date(2027, 1, 1)
        ),
    ),
)
EVENTS: tuple[EventFact, ...] = (
    Transfer(at=date(2026, 1, 10), obligation="licence"),
    Invoiced(at=date(2026, 1, 15), contract="c", amount=D(1200), due=date(2026, 2, 14)),
    Paid(at=date(2026, 2, 20), contract="c", amount=D(1200)),
    Modified(
        at=date(2026, 4, 1), contract="c", treatment="prospective", price_changes=(PriceChange(D(90), "remaining"),)
    ),
)
BONUS = VariableEstimate(at=date(2026, 3, 1), consideration="bonus", method="given", estimate=D(120))


def make_entity() -> UUID:
    """A company of its own for each arrangement."""
    count = sql.fetch_one("SELECT count(*) FROM legal_entities")
    entity = NewEntity(f"E{count[0] if count else 0}", "Contracts GmbH", "DE", "EUR")
    return create_entities([entity], now=at(JANUARY), actor=ACTOR)[0]


def record(facts: NewFacts, *, on: date = JANUARY) -> UUID:
    [key] = record_arrangements([NewArrangement(make_entity(), "EUR", facts)], today=on, now=at(on), actor=ACTOR)
    return key


def run(key: UUID, through: date, *, preview: bool = False) -> int:
    return recognise_arrangements(
        through=through, now=at(JUNE), actor=ACTOR, arrangement_ids=[key], preview=preview
    ).postings


def balances(key: UUID) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for one in queries.arrangement_postings(key):
        found[one.account] = found.get(one.account, D(0)) + one.amount
    return {account: amount for account, amount in found.items() if amount}


def test_a_run_posts_the_difference_and_a_second_run_nothing() -> None:
    key = record(NewFacts([CONTRACT], [BONUS], EVENTS))
    previewed = run(key, MARCH, preview=True)
    assert balances(key) == {}
    assert run(key, MARCH) == previewed > 0
    # licence 660, support 3 of 12 months of 660
    assert balances(key) == {"revenue": D(-825), "cash": D(1200), "contract_position": D(-375)}
    assert run(key, MARCH) == 0
    assert run(key, JUNE) > 0
    # what is left of the support, 495 and 90 more, over nine months; three of them are gone
    assert balances(key)["revenue"] == D(-1020)
    assert run(key, JUNE) == 0


def test_one_without_an_exchange_rate_waits_for_it_alone() -> None:
    entity = make_entity()
    new = [NewArrangement(entity, currency, NewFacts([CONTRACT])) for currency in ("CHF", "EUR")]
    francs, _ = record_arrangements(new, today=JANUARY, now=at(JANUARY), actor=ACTOR)
    for preview in (True, False):
        result = recognise_arrangements(through=JANUARY, now=at(JANUARY), actor=ACTOR, preview=preview)
        assert (result.arrangements, [key for key, _ in result.exceptions]) == (1, [francs])


def test_the_journal_holds_what_was_posted_and_each_amount_can_be_computed_again() -> None:
    key = record(NewFacts([CONTRACT], [BONUS], EVENTS))
    run(key, JUNE)
    row = queries.arrangement(key)
    roles = {one.role: one.balance for one in trial_balance(row.entity_id, JUNE) if one.balance}
    assert roles == {
        "contract_cash": D(1200),
        "contract_position": D(-180),
        "revenue_goods": D(-660),
        "revenue_subscription": D(-360),
    }
    for one in queries.arrangement_postings(key):
        assert Derivation.from_json(one.derivation).breaks() == []


def test_a_company_with_arrangements_is_sound_and_explains_each_posting() -> None:
    key = record(NewFacts([CONTRACT], [BONUS], EVENTS))
    run(key, JUNE)
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)
    revenue = next(one for one in queries.arrangement_postings(key) if one.account == "revenue")
    told = explain(public("arrangement_posting", revenue.id))
    assert (told.amount, told.derivation.breaks()) == (revenue.amount, [])
    assert [source.kind for source in told.sources] == ["revenue_arrangement", "journal_entry"]


def test_what_if_is_the_difference_of_journals_and_keeps_nothing() -> None:
    key = record(NewFacts([CONTRACT], [], EVENTS[:3]))
    run(key, MARCH)
    before = balances(key)
    changes = queries.what_if(key, through=MARCH, prices={"licence": D(200)})
    # 300 for the licence in place of 600; of the support 225 in place of 150
    revenue = {(one.month.month, one.key.subject): one.difference for one in changes if one.key.account == "revenue"}
    assert revenue == {
        (1, "licence"): D(300),
        (1, "support"): D(-25),
        (2, "support"): D(-25),
        (3, "support"): D(-25),
    }
    assert sum(one.difference for one in changes) == 0
    assert balances(key) == before
    with pytest.raises(InvalidValue):
        queries.what_if(key, through=MARCH, events=[Transfer(at=MARCH, obligation="other")])


def test_the_page_of_what_if_tells_the_difference_of_journals() -> None:
    key = record(NewFacts([CONTRACT], [BONUS], EVENTS[:3]))
    console, place = Console("auditor"), f"/revenue/arrangements/{public('revenue_arrangement', key)}/"
    assert "What if" in console.get(place).text
    for asked in (
        {"obligation": "licence", "price": "200"},
        {"type": "variable", "at": "2026-02-01", "subject": "bonus", "amount": "240"},
    ):
        shown = console.get(f"{place}what-if/", **asked)
        assert shown.status == 200
        assert "licence" in shown.text
        assert "contract position" in shown.text
        sent = console.post(f"{place}imagine/", asked)
        assert "contract position" in sent.text
    assert console.get(f"{place}what-if/").status == 422
    assert console.get(f"{place}what-if/", obligation="nobody", price="1").status in (200, 422)


def test_values_beyond_any_business_are_refused() -> None:
    far = Paid(at=date(2500, 1, 1), contract="c", amount=D("1e30"))
    with pytest.raises(Refusals) as refused:
        record(NewFacts([CONTRACT], [], [far]))
    assert len(list(refused.value)) == 2


def test_facts_that_come_late_go_to_the_first_open_month() -> None:
    key = record(NewFacts([CONTRACT], [], EVENTS[:1]))
    run(key, JANUARY)
    row = queries.arrangement(key)
    close_period(entity_id=row.entity_id, month=date(2026, 1, 1), now=at(MARCH), actor=ACTOR)
    before = [one.id for one in queries.arrangement_postings(key) if one.entry_day <= JANUARY]
    record_facts(arrangement_id=key, facts=NewFacts(events=EVENTS[1:2]), now=at(MARCH), actor=ACTOR)
    run(key, MARCH)
    late = [one for one in queries.arrangement_postings(key) if one.day <= JANUARY and one.entry_day > JANUARY]
    assert {one.account for one in late} == {"receivable", "contract_position"}
    assert [one.id for one in queries.arrangement_postings(key) if one.entry_day <= JANUARY] == before
    assert run(key, MARCH) == 0


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_any_order_of_arrival_gives_the_same_books(order: Sequence[int]) -> None:
    whole = record(NewFacts([CONTRACT], [BONUS], EVENTS))
    run(whole, JUNE)
    key = record(NewFacts([CONTRACT]))
    for step, index in enumerate(order):
        judgements = [BONUS] if step == 2 else []
        facts = NewFacts(judgements=judgements, events=[EVENTS[index]])
        record_facts(arrangement_id=key, facts=facts, now=at(JANUARY), actor=ACTOR)
        run(key, JUNE)
    assert balances(key) == balances(whole)


def test_names_that_nothing_introduces_are_refused_all_at_once() -> None:
    events: list[EventFact] = [Transfer(at=JANUARY, obligation="licenze"), Paid(at=JANUARY, contract="d", amount=D(1))]
    wrong = NewFacts([CONTRACT], [], events)
    with pytest.raises(Refusals) as refused:
        record(wrong)
    assert [one.message for one in refused.value] == [
        "There is no obligation 'licenze'.",
        "There is no contract 'd'.",
    ]
    key = record(NewFacts([CONTRACT]))
    unknown = NewFacts(events=[Transfer(at=JANUARY, obligation="other")])
    with pytest.raises(InvalidValue):
        record_facts(arrangement_id=key, facts=unknown, now=at(JANUARY), actor=ACTOR)


def test_facts_and_postings_are_never_rewritten() -> None:
    key = record(NewFacts([CONTRACT], [], EVENTS))
    run(key, JANUARY)
    for statement in ("UPDATE revenue_facts SET reason = 'x'", "DELETE FROM arrangement_postings"):
        with pytest.raises(Error), transaction.atomic():
            sql.execute(statement)


def test_what_was_known_at_an_instant_is_planned_as_it_stood() -> None:
    key = record(NewFacts([CONTRACT], [], EVENTS[:1]))
    record_facts(
        arrangement_id=key, facts=NewFacts(judgements=[BONUS], reason="milestone met"), now=at(MARCH), actor=ACTOR
    )
    [then] = queries.plan_at(key, [MARCH], known_at=at(JANUARY))
    [now] = queries.plan_at(key, [MARCH])
    assert sum(one.allocated for one in then.obligations()) == 1200
    assert sum(one.allocated for one in now.obligations()) == 1320
    [judged] = [one for one in queries.fact_rows(key) if one.kind == "judgement"]
    assert (judged.recorded_by, judged.paragraph, judged.reason) == (
        ACTOR,
        "ASC 606-10-32-8, 32-11; IFRS 15.53, 15.56",
        "milestone met",
    )
