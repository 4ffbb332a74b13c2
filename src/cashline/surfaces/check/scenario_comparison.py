"""What a scenario expects, compared with what came out; only what is written is compared."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from cashline.kernel.periods import local_day
from cashline.kernel.rounding import divide, round_to
from cashline.surfaces.check import scenario_format as form
from cashline.surfaces.check.billing_format import ScenarioCase
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.scenario_outcome import (
    InvoiceOutcome,
    LineOutcome,
    NoteOutcome,
    credit_notes,
    invoices_by_instant,
    wallet_at,
)
from cashline.surfaces.check.values import written_digits

ZERO = Decimal(0)
AMOUNTS = (
    "lines_total", "coupon", "threshold_credit", "net", "tax", "gross", "credits_applied", "prepaid_applied",
    "account_credit_added", "total",
)  # fmt: skip


def compare(case: ScenarioCase, instants: Mapping[str, datetime]) -> list[Difference]:
    """All differences between what a case expects and what came out at the instants of its events."""
    invoices = invoices_by_instant(instants.values())
    found: list[Difference] = []
    for expected in case.expect.invoices:
        at = instants[expected.by_event]
        found += _invoice(expected, invoices[at], at, case.timezone.name)
    if case.expect.no_other_invoices:
        named = {one.by_event for one in case.expect.invoices}
        for name, at in instants.items():
            if name not in named and invoices[at].net:
                found.append(Difference(f"invoice of {name}", "none", f"net {_plain(invoices[at].net)}"))
    if case.expect.credit_notes is not None:
        found += _notes(case.expect.credit_notes, credit_notes(), instants, invoices)
    return found


def _invoice(
    expected: form.ExpectedInvoice, found: InvoiceOutcome, at: datetime, zone: str
) -> Iterator[Difference]:  # fmt: skip
    where = f"invoice of {expected.by_event}"
    for line in expected.lines or ():
        yield from _line(f"{where}, {_named(line)}", line, [one for one in found.lines if _fits(line, one)])
    for name in AMOUNTS:
        yield from _same(f"{where}, {name}", getattr(expected, name), getattr(found, name))
    if expected.wallet_after is not None:
        yield from _same(f"{where}, wallet_after", expected.wallet_after, wallet_at(at))
    if expected.adjustment_net is not None:
        day = _day(at, zone)
        left = sum((line.amount for line in found.lines if line.start < day), ZERO)
        yield from _same(f"{where}, adjustment_net", expected.adjustment_net, left)
    if expected.effective_tax_percent is not None:
        exact = sum((line.tax for line in found.lines), ZERO)
        percent = divide(exact * 100, found.net) if found.net else ZERO
        yield from _rounded(f"{where}, effective_tax_percent", expected.effective_tax_percent, percent)


def _day(at: datetime, zone: str) -> date:
    return local_day(at, zone)


def _fits(expected: form.ExpectedLine, line: LineOutcome) -> bool:
    """Does a line of the program come under the description?"""
    same = (
        ("plan", line.plan), ("metric", line.metric), ("dimension", line.dimension), ("value", line.value),
        ("add_on", line.add_on), ("item", line.item), ("from_", line.start), ("until", line.end),
    )  # fmt: skip
    if expected.component != line.component:
        return False
    return all(getattr(expected, name) is None or getattr(expected, name) == given for name, given in same)


def _line(where: str, expected: form.ExpectedLine, found: Sequence[LineOutcome]) -> Iterator[Difference]:
    if expected.from_ is not None and not found and expected.amount is None:
        yield Difference(where, "a line", "none")
    if expected.days is not None:
        yield from _days(where, expected.days, found)
    quantity = sum((line.quantity for line in found), ZERO)
    yield from _same(f"{where}, quantity", expected.quantity, quantity)
    yield from _rounded(f"{where}, units", expected.units, quantity)
    if expected.level_at_end is not None:
        yield from _rounded(f"{where}, level_at_end", expected.level_at_end, _level_at_end(found))
    yield from _same(f"{where}, amount", expected.amount, sum((line.amount for line in found), ZERO))
    coupon = sum((line.coupon_share for line in found), ZERO)
    yield from _rounded(f"{where}, coupon_share", expected.coupon_share, coupon)
    yield from _rounded(f"{where}, tax", expected.tax, sum((line.tax for line in found), ZERO))


def _level_at_end(found: Sequence[LineOutcome]) -> Decimal:
    """The level with which the last line of each subscription and filter ends; a pause parts a period into several."""
    last: dict[object, LineOutcome] = {}
    for line in sorted(found, key=lambda line: line.end):
        last[line.subscription_id, line.dimension, line.value] = line
    return sum((line.level_at_end or ZERO for line in last.values()), ZERO)


def _days(where: str, expected: form.Days, found: Sequence[LineOutcome]) -> Iterator[Difference]:
    """The fraction: days of all lines over the days of their period."""
    days = sum(line.days for line in found)
    of_days = {line.of_days for line in found}
    if days != expected.billed or of_days != {expected.of}:
        shown = " or ".join(map(str, sorted(of_days))) or "0"
        yield Difference(f"{where}, days", f"{expected.billed} of {expected.of}", f"{days} of {shown}")


def _notes(
    expected: Sequence[form.ExpectedCreditNote],
    found: Sequence[NoteOutcome],
    instants: Mapping[str, datetime],
    invoices: Mapping[datetime, InvoiceOutcome],
) -> Iterator[Difference]:
    """Credit notes by the event that made them and the invoice that they are against; several are summed."""
    seen: set[object] = set()
    for one in expected:
        where = f"credit note of {one.by_event} for {one.for_invoice_of}"
        ids = invoices[instants[one.for_invoice_of]].ids
        fitting = [note for note in found if note.created_at == instants[one.by_event] and note.invoice_id in ids]
        seen |= {note.id for note in fitting}
        if not fitting:
            yield Difference(where, "a credit note", "none")
            continue
        for name in ("net", "tax", "gross", "credited", "refunded", "balance_after"):
            yield from _same(f"{where}, {name}", getattr(one, name), _sum(fitting, name))
        yield from _rounded(f"{where}, coupon_share", one.coupon_share, _sum(fitting, "coupon_share"))
    names = {at: name for name, at in instants.items()}
    for note in found:
        if note.id not in seen:
            yield Difference(f"credit note of {names.get(note.created_at, '?')}", "none", f"gross {_plain(note.gross)}")


def _sum(notes: Sequence[NoteOutcome], name: str) -> Decimal:
    return sum((getattr(note, name) for note in notes), ZERO)


def _same(where: str, expected: Decimal | None, found: Decimal) -> Iterator[Difference]:
    if expected is not None and expected != found:
        yield Difference(where, _plain(expected), _plain(found))


def _rounded(where: str, expected: Decimal | None, found: Decimal) -> Iterator[Difference]:
    if expected is not None:
        yield from _same(where, expected, round_to(found, written_digits(expected)))


def _named(line: form.ExpectedLine) -> str:
    names = (line.plan, line.metric, line.dimension, line.value, line.add_on, line.item)
    words = [line.component, *(name for name in names if name is not None)]
    return " ".join(words)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
