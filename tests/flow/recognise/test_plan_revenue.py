"""Revenue of what plans bill: base fees by the day, usage as invoiced, items at once; credits and coupons reduce it."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from django.db import transaction

from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import AddOn, FeeTiming, PlanTerms, UsageCharge, UsageTiming
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, subscribe
from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeKind
from cashline.flow.deliver.usage.actions import record_usage
from cashline.flow.deliver.usage.rules import NewUsage
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, void_invoices
from cashline.flow.invoice.credit_notes.rules import CreditCause, CreditRequest
from cashline.flow.invoice.invoices.actions import issue_invoices
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.queries.balances import positions
from cashline.flow.recognise.ledger.queries.entries import entries_of_agreement
from cashline.flow.recognise.revenue.queries import ahead_of, list_postings, obligations_of, recognised_by_month
from cashline.flow.report.audit import recompute
from cashline.flow.report.audit.queries import Chosen, audit_pack
from cashline.flow.report.explain.queries import explain
from cashline.flow.report.health.queries import verify
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import public
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import Conflict
from cashline.platform import lists, sql
from tests.support.book import Shop
from tests.support.recognise import (
    accept_on,
    agreement_of,
    at,
    bill,
    book_mixed,
    make_trading_shop,
    recognise,
    ship_on,
)
from tests.support.usage import make_meter
from tests.support.world import ACTOR, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
START = date(2026, 1, 15)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def plan(code: str, fee: str, **more: object) -> UUID:
    """A monthly plan, billed in advance from the day of the start unless said otherwise."""
    given: dict[str, object] = {
        "interval": IntervalUnit.MONTH,
        "anchor": Anchor(AnchorKind.ANNIVERSARY),
        "timing": FeeTiming.ADVANCE,
        "base_fee": D(fee),
    }
    terms = PlanTerms(**(given | more))  # type: ignore[arg-type]
    return publish_plans([NewPlan(code, code.title(), "EUR", terms)], now=at(TODAY), actor=ACTOR)[0]


def start(shop: Shop, plan_id: UUID, day: date = START) -> UUID:
    """A subscription from noon of a day on."""
    new = NewSubscription(shop.customer, shop.world.berlin, plan_id, at=at(day), timezone="UTC")
    return subscribe([new], now=at(day), actor=ACTOR)[0]


def framework(subscription_id: UUID) -> UUID:
    """The agreement of a subscription."""
    [(found,)] = sql.fetch("SELECT agreement_id FROM subscriptions WHERE id = %s", (subscription_id,))
    return found  # type: ignore[no-any-return]


def by_month(agreement: UUID) -> dict[str, str]:
    return {f"{month:%Y-%m}": f"{amount:.2f}" for month, amount in recognised_by_month([agreement])[agreement].items()}


def sound(*agreements: UUID) -> None:
    """Every law holds, and every posting says how it came about."""
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)
    for agreement in agreements:
        for row in list_postings(lists.Ask(limit=200), agreement_id=agreement).items:
            derivation = Derivation.from_json(row.derivation)
            assert derivation.breaks() == []
            assert derivation.result == row.amount
            assert row.description


def test_a_base_fee_is_earned_by_the_day_of_its_period(shop: Shop) -> None:
    """31 for 15 January to 15 February: 17 by the end of January."""
    agreement = framework(start(shop, plan("basic", "31")))
    result = recognise(JANUARY)
    assert (result.agreements, result.postings, result.total("EUR")) == (1, 1, D(17))
    assert ahead_of(agreement) == {date(2026, 1, 1): D(0), date(2026, 2, 1): D(14)}
    assert positions([agreement])[agreement].amount == D(-14)
    assert recognise(JANUARY).postings == 0
    bill(date(2026, 2, 15))
    recognise(FEBRUARY)
    assert by_month(agreement) == {"2026-01": "17.00", "2026-02": "29.50"}  # 14, and 14 of 28 days of 31
    [row] = obligations_of(agreement)
    assert (row.allocated_price, row.recognised, row.remaining) == (D(62), D("46.50"), D("15.50"))
    assert row.description.startswith("Basic, ")
    [posting] = list_postings(lists.Ask(), agreement_id=agreement).items[-1:]
    told = explain(public("revenue_posting", posting.id))
    assert told.amount == posting.amount
    kinds = [source.kind for source in told.sources]
    assert kinds == ["obligation", "subscription", "invoice", "journal_entry", "agreement"]
    [entry] = [one for one in entries_of_agreement(agreement) if one.rule == "revenue"][:1]
    assert {line.account_role for line in entry.lines} == {"contract_position", "revenue_subscription"}
    sound(agreement)


def test_a_cancellation_takes_back_credited_days_even_of_a_closed_month(shop: Shop, tmp_path: Path) -> None:
    subscription = start(shop, plan("basic", "31"))
    agreement = framework(subscription)
    recognise(JANUARY)
    close_period(entity_id=shop.world.berlin, month=date(2026, 1, 1), now=at(date(2026, 2, 1)), actor=ACTOR)
    stop = LifeChange(subscription, LifeKind.CANCELLED, at=None, reason="Left")
    change_lives([stop], now=at(date(2026, 2, 5)), actor=ACTOR)
    recognise(FEBRUARY)
    assert by_month(agreement) == {"2026-01": "17.00", "2026-02": "4.00"}  # 21 days of 31 were used
    assert positions([agreement])[agreement].amount == 0
    assert ahead_of(agreement) == {}
    assert recognise(MARCH).postings == 0
    sound(agreement)
    file = tmp_path / "pack.zip"
    file.write_bytes(audit_pack(Chosen([agreement]), subject="plans", now=at(MARCH)).read())
    assert recompute.main(str(file)) == 0


def test_a_fee_in_arrears_is_earned_by_the_day_before_it_is_billed(shop: Shop) -> None:
    """31 for 15 January to 15 February, billed at its end: 17 in January, and the bill changes no revenue."""
    subscription = start(shop, plan("late", "31", timing=FeeTiming.ARREARS))
    agreement = framework(subscription)
    recognise(JANUARY)
    assert by_month(agreement) == {"2026-01": "17.00"}
    assert positions([agreement])[agreement].amount == D(17)
    assert recognise(JANUARY).postings == 0
    bill(date(2026, 2, 15))
    assert recognise(JANUARY).postings == 0
    recognise(FEBRUARY)
    assert by_month(agreement) == {"2026-01": "17.00", "2026-02": "29.50"}
    recognise(MARCH)
    assert by_month(agreement)["2026-03"] == "32.50"  # 14 of 28 days of 31, and 17 of 31
    stop = LifeChange(subscription, LifeKind.CANCELLED, at=None)
    change_lives([stop], now=at(date(2026, 3, 20)), actor=ACTOR)
    bill(date(2026, 3, 31))
    recognise(date(2026, 4, 30))
    position = positions([agreement])[agreement]
    assert position.billed == position.recognised == D(31) + D(31) + D(5)
    assert recognise(date(2026, 5, 31)).postings == 0
    sound(agreement)


def test_usage_is_earned_as_it_is_invoiced_and_add_ons_by_the_day(shop: Shop) -> None:
    make_meter("calls")
    usage = UsageCharge("calls", "sum", Charge(ChargeModel.UNIT, price=D(2)), UsageTiming.ARREARS)
    subscription = start(shop, plan("metered", "0", charges=(usage,), add_ons=(AddOn("seats", D(1), D(31)),)))
    [(number,)] = sql.fetch("SELECT number FROM subscriptions WHERE id = %s", (subscription,))
    on = LifeChange(subscription, LifeKind.ADD_ON_CHANGED, add_on="seats", quantity=D(1))
    change_lives([on], now=at(START) + timedelta(hours=1), actor=ACTOR)
    event = NewUsage("test", "e1", number, "calls", at(date(2026, 1, 20)), quantity=D(50))
    record_usage([event], now=at(date(2026, 1, 21)), actor=ACTOR)
    bill(date(2026, 2, 16))
    agreement = framework(subscription)
    recognise(FEBRUARY)
    found = by_month(agreement)
    assert sum(map(D, found.values())) == D("100") + D(31) + D("15.50")
    assert found["2026-01"] == "17.00"  # of the add-on; the usage was invoiced for a period that ends in February
    sound(agreement)


def test_an_item_of_an_agreement_is_earned_at_once_and_a_deposit_when_it_is_taken_off(shop: Shop) -> None:
    agreement = framework(start(shop, plan("basic", "31")))
    item = NewInvoice(
        shop.world.berlin, shop.customer, "EUR", [NewItem("Setting up", D(400))], agreement, supplied_on=START
    )
    issue_invoices([draft_of(item, START)], now=at(START), actor=ACTOR)
    recognise(JANUARY)
    assert by_month(agreement) == {"2026-01": "417.00"}
    assert {row.kind for row in obligations_of(agreement)} == {"subscription", "service"}
    sound(agreement)


def test_a_concession_is_caught_up_and_a_void_invoice_is_as_if_it_had_not_been(shop: Shop) -> None:
    agreement = framework(start(shop, plan("basic", "31")))
    recognise(JANUARY)
    [(invoice, line)] = sql.fetch(
        "SELECT i.id, l.id FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id WHERE i.agreement_id = %s",
        (agreement,),
    )
    given = CreditRequest(invoice, "Slow", [(line, D("6.20"))], CreditCause.CONCESSION)
    issue_credit_notes([given], today=date(2026, 2, 2), now=at(date(2026, 2, 2)), actor=ACTOR)
    recognise(JANUARY)
    assert by_month(agreement) == {"2026-01": "17.00"}
    recognise(FEBRUARY)
    assert by_month(agreement)["2026-02"] == "7.80"  # 14 less 6.20, of which 3.80 catch up for the 19 days so far
    sound(agreement)
    void_invoices([invoice], reason="Wrong", today=date(2026, 3, 1), now=at(date(2026, 3, 1)), actor=ACTOR)
    recognise(MARCH)
    assert sum(map(D, by_month(agreement).values())) == 0
    sound(agreement)


def test_a_coupon_lowers_what_is_earned_of_plans_and_of_orders(shop: Shop) -> None:
    """10 % off: 27.90 of a base fee, and of an order what was billed of each line."""
    [tenth] = create_coupons(
        [NewCoupon("TENTH", "A tenth off", percent=D(10), uses=None)], now=at(TODAY), actor=ACTOR
    )  # fmt: skip
    grant_coupons([(tenth, shop.customer)], today=TODAY, now=at(TODAY), actor=ACTOR)
    agreement = framework(start(shop, plan("basic", "31")))
    order = book_mixed(shop)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    bill(date(2026, 1, 20))
    recognise(JANUARY)
    assert by_month(agreement) == {"2026-01": "15.30"}  # 17 of 31 days of 27.90
    ordered = agreement_of(order)
    recognised = {row.kind: row.recognised for row in obligations_of(ordered)}
    assert (recognised["goods"], recognised["service"]) == (D("320.40"), D(1080))
    assert recognised["subscription"] == D("109.55") - D("10.75")  # 17 of 31 days of 19.60 off the first month
    for month in range(2, 13):
        bill(date(2026, month, 20))
    bill(date(2027, 1, 20))
    recognise(date(2026, 12, 31), now=date(2027, 2, 1))
    recognise(date(2027, 2, 28), now=date(2027, 3, 1))
    billed = sum((position.billed for position in positions([ordered]).values()), D(0))
    assert billed == D(3908) * 9 / 10
    assert sum(recognised_by_month([ordered])[ordered].values()) == billed
    sound(agreement, ordered)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_a_life_does_what_is_earned_in_the_end_is_what_was_billed(shop: Shop, seed: int) -> None:
    """Random changes over posted invoices, with revenue run at random between them: no cent is lost or made."""
    random = Random(seed)
    plans = [
        plan("small", "29.95"),
        plan("large", "100", anchor=Anchor(AnchorKind.CALENDAR)),
        plan("late", "91.37", timing=FeeTiming.ARREARS),
    ]
    subscriptions = [start(shop, random.choice(plans)) for _ in range(3)]
    agreement = framework(subscriptions[0])
    day = START
    for _ in range(10):
        day += timedelta(days=random.randint(1, 20))
        kind = random.choice([LifeKind.PLAN_CHANGED, LifeKind.QUANTITY_CHANGED, LifeKind.PAUSED, LifeKind.RESUMED])
        change = LifeChange(
            random.choice(subscriptions), kind, plan_id=random.choice(plans), quantity=D(random.randint(1, 4))
        )
        try:
            with transaction.atomic():
                change_lives([change], now=at(day), actor=ACTOR)
        except Conflict:
            pass
        if random.random() < 0.5:
            bill(day)
        if random.random() < 0.5:
            recognise(day)
    change_lives(
        [LifeChange(key, LifeKind.CANCELLED) for key in subscriptions], now=at(day + timedelta(days=1)), actor=ACTOR
    )
    bill(day + timedelta(days=2))
    end = day + timedelta(days=60)
    recognise(end)
    position = positions([agreement])[agreement]
    assert position.billed == position.recognised > 0
    assert ahead_of(agreement) == {}
    assert recognise(end + timedelta(days=30)).postings == 0
    sound(agreement)
