"""What the pages of subscriptions to plans show alike: charges, bills to come, and what a change would do."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.invoice.billing.actions import ChangeEffect
from cashline.flow.invoice.billing.queries.plans import ChargeRow
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill
from cashline.flow.invoice.billing.rules.plans.shapes import Component, SubscriptionCharge
from cashline.kernel.money import Money, minor_units
from cashline.kernel.periods import local_day
from cashline.kernel.rounding import round_to
from cashline.platform.pages.anatomies import Section
from cashline.platform.pages.components import Cell, Column, Label, MoneyCell, Notice, Row, Table, Tone
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.threads import address_of

CHARGE_COLUMNS = (
    Column("what", lazy("What"), place="title"),
    Column("days", lazy("For"), place="detail"),
    Column("quantity", lazy("Quantity"), "number"),
    Column("price", lazy("Price"), "money"),
    Column("amount", lazy("Net"), "money", place="amount"),
)
POSTED_COLUMNS = (*CHARGE_COLUMNS, Column("document", lazy("On"), "code"))
COMING_COLUMNS = (
    Column("at", lazy("On"), "date", place="title"),
    Column("lines", lazy("Lines"), "number"),
    Column("net", lazy("Net"), "money", place="amount"),
)
WHAT: Mapping[Component, Label] = {
    Component.BASE: lazy("Base fee"),
    Component.UNUSED_BASE: lazy("Days that are not used"),
    Component.CHARGE: lazy("Usage"),
    Component.MINIMUM_SHORTFALL: lazy("Up to the minimum"),
    Component.COMMITMENT_SHORTFALL: lazy("Up to the commitment"),
    Component.ADD_ON: lazy("Add-on"),
    Component.TERMINATION_FEE: lazy("End before the term"),
}


def bill_table(bill: ComingBill, currency: str, plans: Mapping[UUID, str], explain: Sequence[str] = ()) -> Table:
    """The charges of a bill to come; `explain` are the addresses of their derivations, in order."""
    rows = tuple(
        Row(str(place), _charge_cells(one, currency, plans, explain[place] if explain else ""))
        for place, one in enumerate(bill.charges)
    )
    return Table(CHARGE_COLUMNS, rows, totals={"what": _("Net"), "amount": Money(bill.net, currency)})


def _charge_cells(one: SubscriptionCharge, currency: str, plans: Mapping[UUID, str], explain: str) -> dict[str, Any]:
    subject = one.subject
    about = subject.meter or subject.add_on or plans.get(subject.plan_id, "")
    if subject.value:
        about = f"{about} ({subject.dimension} {subject.value})"
    days = _("%(days)s of %(of)s days") % {"days": one.days, "of": one.of_days} if one.days != one.of_days else ""
    last = one.end - timedelta(days=1)
    return {
        "what": Cell(WHAT[subject.component], sub=about),
        "days": Cell(f"{format_day(one.start)} – {format_day(last)}", sub=days),
        "quantity": one.quantity,
        "price": Money(one.unit_price, currency),
        "amount": MoneyCell(Money(one.amount, currency), explain=explain),
    }


def posted_table(rows: Sequence[ChargeRow], *, documents: bool = True) -> Table:
    """Charges that were billed or given back, or would be; without `documents` in a preview."""
    found = []
    for one in rows:
        about = one.meter or one.add_on or one.plan
        last = one.ends_on - timedelta(days=1)
        part = _("%(days)s of %(of)s days") % {"days": one.days, "of": one.of_days} if one.days != one.of_days else ""
        url = ""
        if one.invoice_id is not None:
            url = address_of("invoice", one.invoice_id)
        elif one.credit_note_id is not None:
            url = address_of("credit_note", one.credit_note_id)
        cells: dict[str, Any] = {
            "what": Cell(WHAT[Component(one.component)], sub=about),
            "days": Cell(f"{format_day(one.starts_on)} – {format_day(last)}", sub=part),
            "quantity": one.quantity,
            "price": Money(one.unit_price, one.currency),
            "amount": Money(round_to(one.amount, minor_units(one.currency)), one.currency),
            "document": Cell(one.document, url, sub=_("void") if one.voided else "") if documents else None,
        }
        found.append(Row(str(one.id), cells))
    return Table(POSTED_COLUMNS if documents else CHARGE_COLUMNS, tuple(found), empty=_("Nothing yet."))


def coming_table(bills: Sequence[ComingBill], currency: str, zone: str) -> Table:
    """Bills to come, one a row."""
    rows = tuple(
        Row(
            bill.at.isoformat(),
            {"at": local_day(bill.at, zone), "lines": len(bill.charges), "net": Money(bill.net, currency)},
        )
        for bill in bills
    )
    return Table(COMING_COLUMNS, rows, empty=_("Nothing more is to be billed."))


def effect_sections(
    effect: ChangeEffect, currency: str, zone: str, plans: Mapping[UUID, str]
) -> tuple[tuple[Section, ...], tuple[Notice, ...]]:
    """What a change would do: what is billed at once, and the next bill as it is and as it would be."""
    digits = minor_units(currency)
    net = round_to(sum((one.amount for one in effect.at_once), Decimal(0)), digits)
    sections = []
    if effect.at_once:
        sections.append(Section(_("At once"), _compact(effect.at_once, net, currency)))
    if effect.elsewhere:
        other = round_to(sum((one.amount for one in effect.elsewhere), Decimal(0)), digits)
        sections.append(Section(_("At once, to the other customer"), _compact(effect.elsewhere, other, currency)))
    if effect.after:
        title = _("Next bill, %(day)s") % {"day": format_day(local_day(effect.after[0].at, zone))}
        sections.append(Section(title, _brief(effect.after[0], currency, plans)))
    return tuple(sections), (_in_a_sentence(effect, net, currency, zone), *_besides(effect, currency))


def _besides(effect: ChangeEffect, currency: str) -> Iterator[Notice]:
    """What the sum does not say: that it waits, or that it comes as two documents, and why."""
    if effect.waits:
        yield Notice(_("What it makes due waits for a person."), Tone.WARNING, effect.waits)
    if effect.invoiced and effect.credited:
        words = _("An invoice of %(invoiced)s and a credit note of %(credited)s, without tax.")
        why = _("By the conventions of the legal entity unused days are credited, and not taken off the invoice.")
        amounts = {"invoiced": effect.invoiced, "credited": effect.credited}
        shown = {name: format_money(round_to(one, minor_units(currency)), currency) for name, one in amounts.items()}
        yield Notice(words % shown, Tone.INFO, why)


def _in_a_sentence(effect: ChangeEffect, net: Decimal, currency: str, zone: str) -> Notice:
    if net > 0:
        first = _("%s is billed at once.") % format_money(net, currency)
    elif net < 0:
        first = _("%s is given back at once.") % format_money(-net, currency)
    else:
        first = _("Nothing is billed at once.")
    before, after = (bills[0] if bills else None for bills in (effect.before, effect.after))
    if after is None:
        second = _("Nothing more is billed after that.")
    elif before is None or (before.net, before.at) == (after.net, after.at):
        words = _("The next bill is %(net)s on %(day)s.")
        second = words % _dated(after, currency, zone)
    else:
        words = _("The next bill is %(net)s on %(day)s instead of %(old)s on %(then)s.")
        old = _dated(before, currency, zone)
        second = words % (_dated(after, currency, zone) | {"old": old["net"], "then": old["day"]})
    return Notice(first, Tone.INFO, second)


def _dated(bill: ComingBill, currency: str, zone: str) -> dict[str, str]:
    return {"net": format_money(bill.net, currency), "day": format_day(local_day(bill.at, zone))}


BRIEF_COLUMNS = (Column("what", lazy("What"), place="title"), Column("amount", lazy("Net"), "money", place="amount"))


def _compact(charges: Sequence[ChargeRow], net: Decimal, currency: str) -> Table:
    rows = []
    for place, one in enumerate(charges):
        last = one.ends_on - timedelta(days=1)
        about = one.meter or one.add_on or one.plan
        days = f"{format_day(one.starts_on)} – {format_day(last)}"
        cells: dict[str, Any] = {
            "what": Cell(f"{WHAT[Component(one.component)]}: {about}", sub=days),
            "amount": Money(round_to(one.amount, minor_units(currency)), currency),
        }
        rows.append(Row(str(place), cells))
    return Table(BRIEF_COLUMNS, tuple(rows), totals={"what": _("Net"), "amount": Money(net, currency)})


def _brief(bill: ComingBill, currency: str, plans: Mapping[UUID, str]) -> Table:
    rows = []
    for place, one in enumerate(bill.charges):
        about = one.subject.meter or one.subject.add_on or plans.get(one.subject.plan_id, "")
        days = f"{format_day(one.start)} – {format_day(one.end - timedelta(days=1))}"
        cells: dict[str, Any] = {
            "what": Cell(f"{WHAT[one.subject.component]}: {about}", sub=days),
            "amount": Money(one.amount, currency),
        }
        rows.append(Row(str(place), cells))
    return Table(BRIEF_COLUMNS, tuple(rows), totals={"what": _("Net"), "amount": Money(bill.net, currency)})
