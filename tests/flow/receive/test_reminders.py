"""Reminders: one for each invoice and level, never of what is paid, disputed, promised or under way, mailed once."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.agree.customers.actions import change_customer
from cashline.flow.receive.collections import jobs, queries
from cashline.flow.receive.collections.actions import (
    NewPromise,
    ReminderRun,
    hold_reminders,
    lift_hold,
    record_promises,
    send_reminders,
    set_policy,
)
from cashline.flow.receive.collections.queries import LetterFilter
from cashline.flow.receive.collections.rules import SkipReason
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, NotFound, Refusals
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.flow.receive.test_disputes import contest
from tests.support.agree import german, make_customers
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.mail import mail_server
from tests.support.racing import race
from tests.support.receive import at, intent_for, invoice_of, invoices_of, make_receiving_shop, open_of, pay
from tests.support.world import ACTOR, NOW

DUE = date(2026, 2, 16)
"""Thirty days after the invoices of the shared world are issued is a Saturday: they are due on Monday."""


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_receiving_shop()


def remind(days: int, *, preview: bool = False, **chosen: object) -> ReminderRun:
    """The run of the day so many days after the due day."""
    today = DUE + timedelta(days=days)
    return send_reminders(today=today, now=at(today), actor=ACTOR, preview=preview, **chosen)  # type: ignore[arg-type]


def asked(run: ReminderRun) -> list[tuple[str, int, Decimal | int]]:
    """The reminders of a run: number, level, amount."""
    return [(one.number, one.level, one.amount.amount) for letter in run.letters for one in letter.reminders]


def test_the_ladder_is_climbed_a_level_at_a_time_in_one_letter_a_customer(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "200"])
    assert asked(remind(2)) == []
    run = remind(3)
    assert asked(run) == [(one.number, 1, 119), (two.number, 1, 238)]
    (letter,) = queries.list_letters(Ask(), LetterFilter()).items
    assert (letter.id, letter.total, letter.level, letter.invoices) == (
        run.letter_ids[0],
        Decimal(357),
        1,
        [one.number, two.number],
    )
    assert letter.mail_status == "pending"
    assert [event.type for event in timeline([letter.id])] == ["ReminderSent"]
    assert asked(remind(3)) == asked(remind(4)) == []
    pay(two, "238")
    assert asked(remind(14)) == [(one.number, 2, 119)]
    assert asked(remind(28)) == [(one.number, 3, 119)]
    assert asked(remind(60)) == []
    assert [row.level for row in queries.reminders_of(invoice_ids=[one.id])] == [1, 2, 3]


def test_a_preview_is_the_run_without_the_records(shop: Shop) -> None:
    invoices_of(shop, ["100", "200"])
    seen = remind(3, preview=True)
    assert seen.letter_ids == ()
    assert queries.list_letters(Ask(), LetterFilter()).items == []
    assert asked(remind(3)) == asked(seen)


def test_what_is_disputed_promised_or_under_way_is_not_asked_for(shop: Shop) -> None:
    disputed, promised, charged, part, plain = invoices_of(shop, ["100"] * 5)
    contest(disputed.id, "119")
    contest(part.id, "19")
    intent_for(charged)
    day = DUE + timedelta(days=5)
    record_promises([NewPromise(promised.id, Decimal(119), day, "by Friday")], today=DUE, now=at(DUE), actor=ACTOR)
    run = remind(3)
    assert asked(run) == [(part.number, 1, 100), (plain.number, 1, 119)]
    assert dict(run.skipped) == {
        disputed.id: SkipReason.DISPUTED,
        promised.id: SkipReason.PROMISED,
        charged.id: SkipReason.IN_FLIGHT,
    }
    (promise,) = queries.promises()
    assert (promise.is_broken(day), promise.is_broken(day + timedelta(days=1))) == (False, True)
    assert asked(remind(7)) == [(promised.number, 1, 119)]


def test_a_hold_keeps_every_reminder_of_a_customer_back(shop: Shop) -> None:
    row = invoice_of(shop)
    hold = {"reason": "Talks", "today": DUE, "now": NOW, "actor": ACTOR}
    hold_reminders(shop.customer, until=DUE + timedelta(days=9), **hold)  # type: ignore[arg-type]
    assert dict(remind(3).skipped) == {row.id: SkipReason.ON_HOLD}
    assert queries.hold_of(shop.customer) == (DUE + timedelta(days=9), "Talks")
    lift_hold(shop.customer, now=NOW, actor=ACTOR)
    assert len(asked(remind(3))) == 1
    with pytest.raises(NotFound):
        lift_hold(shop.customer, now=NOW, actor=ACTOR)
    with pytest.raises(InvalidValue):
        hold_reminders(shop.customer, until=DUE - timedelta(days=1), **hold)  # type: ignore[arg-type]


def test_a_customer_without_an_address_is_named_and_not_counted_as_reminded(shop: Shop) -> None:
    (silent,) = make_customers([german("Stille GmbH", tax_id="", email="")])
    (row,) = invoices_of(shop, ["100"], customer_id=silent)
    run = remind(3)
    assert (run.letters, [one.name for one in run.unreachable]) == ((), ["Stille GmbH"])
    change_customer(silent, changes={"email": "ap@stille.example"}, now=NOW, actor=ACTOR)
    assert asked(remind(4)) == [(row.number, 1, 119)]


def test_an_entity_declares_its_own_ladder(shop: Shop) -> None:
    small, large = invoices_of(shop, ["5", "100"])
    declared = {"now": NOW, "actor": ACTOR}
    minimum = [Money.of("10.00", "EUR")]
    set_policy(shop.world.berlin, days=[1, 8], country="", minimums=minimum, **declared)  # type: ignore[arg-type]
    early = DUE - timedelta(days=1)  # a Sunday, with the due day on Saturday: every day counts
    run = send_reminders(today=early, now=at(early), actor=ACTOR)
    assert asked(run) == [(small.number, 1, Decimal("5.95")), (large.number, 1, 119)]
    assert remind(0, entity_ids=[shop.world.boston]).letters == ()
    pay(large, "119")
    assert dict(remind(30).skipped) == {small.id: SkipReason.BELOW_MINIMUM}
    with pytest.raises(Refusals):
        set_policy(shop.world.berlin, days=[8, 1], country="", minimums=minimum * 2, **declared)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue):
        set_policy(shop.world.berlin, days=[3], country="Germany", **declared)  # type: ignore[arg-type]


def test_promises_are_checked_all_at_once(shop: Shop) -> None:
    row = invoice_of(shop)
    wrong = NewPromise(row.id, Decimal("119.01"), DUE - timedelta(days=1))
    with pytest.raises(Refusals) as refused:
        record_promises([wrong, NewPromise(UUID(int=1), Decimal(1), DUE)], today=DUE, now=NOW, actor=ACTOR)
    assert [type(one) for one in refused.value] == [InvalidValue, InvalidValue, NotFound]


@pytest.mark.parametrize(
    ("locale", "subject", "amount"),
    [("de_DE", "Zahlungserinnerung", "119,00"), ("fr_FR", "Rappel", "119,00"), ("nl_NL", "Reminder", "119,00")],
)
def test_the_letter_speaks_the_language_of_the_customer(shop: Shop, locale: str, subject: str, amount: str) -> None:
    change_customer(shop.customer, changes={"locale": locale}, now=NOW, actor=ACTOR)
    row = invoice_of(shop)
    (key,) = remind(3).letter_ids
    words = jobs.reminder_words(key)
    assert words.subject.startswith(subject)
    assert row.number in words.text
    assert amount in words.text
    assert "DE02120300000000202051" in words.text


def test_the_mail_goes_out_once(committed_db: Database) -> None:
    from cashline.platform.outbox.sending import send_due

    row = invoice_of(make_receiving_shop())
    sql.execute("DELETE FROM outbox")
    remind(3)
    with mail_server() as mails:
        for _ in range(2):
            send_due(now=at(DUE + timedelta(days=3)))
    (mail,) = mails
    assert (mail["To"], mail["Subject"]) == (
        "ap@nordlicht.example",
        f"Zahlungserinnerung: Rechnung {row.number} bei Cashline Demo GmbH überfällig",
    )
    assert queries.list_letters(Ask(), LetterFilter()).items[0].mail_status == "sent"


def test_runs_at_the_same_time_remind_once(committed_db: Database) -> None:
    rows = invoices_of(make_receiving_shop(), ["100"] * 3)
    runs: list[ReminderRun] = []
    race([lambda: runs.append(remind(3))] * 4)
    assert sorted(len(run.letter_ids) for run in runs) == [0, 0, 0, 1]
    assert len(queries.reminders_of(invoice_ids=[row.id for row in rows])) == 3
    assert {open_of(row) for row in rows} == {119}
