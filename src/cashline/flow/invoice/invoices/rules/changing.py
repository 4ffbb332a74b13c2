"""What changed since the invoice before, in plain words: line by line, and the whole of the difference.

Lines are the same where they bill the same line of the agreement, or (plans) the same words; the changes with those of
the coupons and the tax sum to the difference of the two totals.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from cashline.flow.invoice.invoices.rules.stating import StatedLine, Statement
from cashline.flow.invoice.invoices.rules.wording import phrase

ZERO = Decimal(0)
NAMED = 30
"""How many changes are named; the rest comes in one sum."""


class Change(NamedTuple):
    """What one thing came to on either invoice, and why that differs."""

    name: str
    label: str
    before: Decimal
    after: Decimal
    words: str

    @property
    def difference(self) -> Decimal:
        """What it adds to the total."""
        return self.after - self.before


class Comparison(NamedTuple):
    """An invoice beside the one before it: its number and day, the totals, a sentence, and what changed."""

    number: str
    issued_on: date
    before: Decimal
    after: Decimal
    words: str
    changes: tuple[Change, ...]


class _Billed(NamedTuple):
    """What one thing was billed at on an invoice; quantity, price and days are None where its lines differ in them."""

    label: str
    net: Decimal
    times: int
    quantity: Decimal | None
    unit_price: Decimal | None
    days: str


def compare(after: Statement, locale: str = "en") -> Comparison | None:
    """What changed since the invoice before of the same agreement; None for the first."""
    before = after.previous
    if before is None:
        return None
    changes = sorted(_changes(before, after, locale), key=lambda one: -abs(one.difference))
    difference = after.gross_total - before.gross_total
    key = "since_more" if difference > 0 else "since_less" if difference else "since_same"
    words = phrase(
        locale, key, number=before.number, day=before.issued_on.isoformat(), difference=abs(difference),
        before=before.gross_total, currency=after.currency,
    )  # fmt: skip
    return Comparison(
        before.number, before.issued_on, before.gross_total, after.gross_total, words, _named(changes, after, locale)
    )


def _named(changes: Sequence[Change], after: Statement, locale: str) -> tuple[Change, ...]:
    if len(changes) <= NAMED:
        return tuple(changes)
    rest = changes[NAMED - 1 :]
    was, now = sum((one.before for one in rest), ZERO), sum((one.after for one in rest), ZERO)
    words = phrase(locale, "change_others", count=len(rest), **_amounts(was, now, after.currency))
    return (*changes[: NAMED - 1], Change("others", words, was, now, words))


def _changes(before: Statement, after: Statement, locale: str) -> Iterator[Change]:
    was, now = _by_subject(before.lines), _by_subject(after.lines)
    for key in {**was, **now}:
        old, new = was.get(key), now.get(key)
        label = (new or old or _NOTHING).label
        amounts = (old.net if old else ZERO, new.net if new else ZERO)
        if amounts[0] != amounts[1]:
            words = _words(old, new, label, after.currency, locale)
            yield Change(f"line:{key}", label, *amounts, words)
    sums = (
        ("coupons", "change_coupons", "discount", -before.discount_total, -after.discount_total),
        ("tax", "change_tax", "tax_total", before.tax_total, after.tax_total),
    )
    for name, key, label, old_sum, new_sum in sums:
        if old_sum != new_sum:
            words = phrase(locale, key, **_amounts(old_sum, new_sum, after.currency))
            yield Change(name, phrase(locale, label), old_sum, new_sum, words)


_NOTHING = _Billed("", ZERO, 0, None, None, "")


def _by_subject(lines: Iterable[StatedLine]) -> dict[str, _Billed]:
    grouped: dict[str, list[StatedLine]] = {}
    for line in lines:
        grouped.setdefault(str(line.line_id) if line.line_id else f"{line.sku}|{line.description}", []).append(line)
    return {key: _billed(found) for key, found in grouped.items()}


def _billed(lines: Sequence[StatedLine]) -> _Billed:
    first = lines[0]
    alike = {(line.quantity, line.unit_price) for line in lines}
    quantity, price = alike.pop() if len(alike) == 1 else (None, None)
    days = _days(first) if len(lines) == 1 else ""
    return _Billed(first.description, sum((line.net_amount for line in lines), ZERO), len(lines), quantity, price, days)


def _days(line: StatedLine) -> str:
    """The part of the period that a line bills, as 7/31; nothing for a whole one."""
    inputs: Any = line.derivation.get("inputs")
    if line.derivation.get("rule") != "billing.prorated" or not isinstance(inputs, Mapping):
        return ""
    return f"{inputs['days']}/{inputs['days_of_period']}"


def _words(old: _Billed | None, new: _Billed | None, label: str, currency: str, locale: str) -> str:
    if old is None or new is None:
        key = "change_new" if old is None else "change_gone"
        net = (new or old or _NOTHING).net
        return phrase(locale, key, what=label, amount=net, currency=currency)
    reasons = list(_reasons(old, new, currency, locale))
    amounts = _amounts(old.net, new.net, currency)
    if not reasons:
        return phrase(locale, "change_amount", what=label, **amounts)
    return phrase(locale, "change_because", what=label, reasons=", ".join(reasons), **amounts)


def _reasons(old: _Billed, new: _Billed, currency: str, locale: str) -> Iterator[str]:
    if old.times != new.times:
        yield phrase(locale, "because_count", after=new.times, before=old.times)
    if old.days != new.days:
        whole = phrase(locale, "because_whole")
        yield phrase(locale, "because_days", after=new.days or whole, before=old.days or whole)
    if old.quantity is not None and new.quantity is not None and old.quantity != new.quantity:
        yield phrase(locale, "because_quantity", after=new.quantity, before=old.quantity)
    if old.unit_price is not None and new.unit_price is not None and old.unit_price != new.unit_price:
        yield phrase(locale, "because_price", currency=currency, after=new.unit_price, before=old.unit_price)


def _amounts(before: Decimal, after: Decimal, currency: str) -> dict[str, Any]:
    return {"before": before, "after": after, "difference": after - before, "currency": currency}
