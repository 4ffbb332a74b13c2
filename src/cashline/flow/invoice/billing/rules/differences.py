"""What a run appends: the difference between the plan and what stands on invoices and credit notes.

A charge that was posted keeps its key; a higher plan adds a line with the next revision, a lower one is credited
against the lines that billed it. The second difference is empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.billing.rules.charges import ALWAYS, ZERO, PlannedCharge, plain


class PostedLine(NamedTuple):
    """An invoice line of a charge. `corrected` was taken back because the plan fell or the invoice was void;
    `credited` holds that and every other credit, such as goodwill, which no later run bills again."""

    invoice_line_id: UUID
    invoice_id: UUID
    line_id: UUID
    source_id: UUID
    period_start: date
    period_end: date | None
    revision: int
    net_amount: Decimal
    corrected: Decimal
    credited: Decimal
    gross_amount: Decimal | None = None
    corrected_gross: Decimal = ZERO

    @property
    def gross_left(self) -> Decimal | None:
        """What stands of it with tax after its corrections (None: its price was without tax)."""
        return None if self.gross_amount is None else self.gross_amount - self.corrected_gross


class BillCharge(NamedTuple):
    """A charge to put on an invoice: `revision` is 0 at first, `net_amount` what is to be added.

    `gross_amount` is that with the tax that the price was given with.
    """

    planned: PlannedCharge
    revision: int
    net_amount: Decimal
    derivation: str
    gross_amount: Decimal | None = None


class BillCredit(NamedTuple):
    """So much of an invoice line is to be taken back; `gross_amount` is that with tax, where the price decides it."""

    invoice_line_id: UUID
    invoice_id: UUID
    line_id: UUID
    net_amount: Decimal
    gross_amount: Decimal | None = None


class Difference(NamedTuple):
    """What is to be billed and what is to be credited."""

    charges: list[BillCharge]
    credits: list[BillCredit]


def diff(planned: Iterable[PlannedCharge], posted: Sequence[PostedLine], *, through: date) -> Difference:
    """The charges and credits that bring what was posted to the plan.

    Give a plan that reaches as far as the posted lines do (`horizon`); of what it adds, only charges due up to
    `through` are billed. A charge of nothing is billed only beside others: it never makes an invoice of its own.
    """
    if not posted:
        charges = [
            BillCharge(charge, 0, charge.net_amount, charge.derivation, charge.gross_amount)
            for charge in planned
            if charge.due_on <= through
        ]
        return Difference(charges if any(charge.net_amount for charge in charges) else [], [])
    return _compare(planned, _by_key(posted), through)


def horizon(posted: Iterable[PostedLine], through: date) -> date:
    """The day up to which to plan, so that the plan can be compared with what was posted."""
    last = max((line.period_end or line.period_start for line in posted), default=ALWAYS)
    return max(last, through)


def _by_key(posted: Iterable[PostedLine]) -> dict[tuple[UUID, date], list[PostedLine]]:
    found: dict[tuple[UUID, date], list[PostedLine]] = {}
    for line in posted:
        found.setdefault((line.source_id, line.period_start), []).append(line)
    return found


def _compare(
    planned: Iterable[PlannedCharge], posted: Mapping[tuple[UUID, date], Sequence[PostedLine]], through: date
) -> Difference:
    charges: list[BillCharge] = []
    taken_back: list[BillCredit] = []
    seen: set[tuple[UUID, date]] = set()
    for charge in planned:
        seen.add(charge.key)
        lines = posted.get(charge.key, ())
        billed = sum((line.net_amount - line.corrected for line in lines), ZERO)
        missing = charge.net_amount - billed
        if missing < 0:
            found = _take_back(lines, -missing)
            gross = charge.gross_amount
            taken_back.extend(found if gross is None else _to_the_price(gross, lines, found))
        elif charge.due_on <= through and (missing > 0 or not lines):
            charges.append(_addition(charge, lines, billed, missing))
    for key, lines in posted.items():
        if key not in seen:
            billed = sum((line.net_amount - line.corrected for line in lines), ZERO)
            taken_back.extend(_take_back(lines, billed))
    return Difference(charges if any(charge.net_amount for charge in charges) else [], taken_back)


def _addition(charge: PlannedCharge, lines: Sequence[PostedLine], billed: Decimal, missing: Decimal) -> BillCharge:
    if not lines:
        return BillCharge(charge, 0, missing, charge.derivation, charge.gross_amount)
    revision = max(line.revision for line in lines) + 1
    if not billed:
        return BillCharge(charge, revision, missing, charge.derivation, charge.gross_amount)
    derivation = (
        f'{{"rule":"billing.correction","version":1,"inputs":{{"planned":"{charge.net_amount}","billed":'
        f'"{plain(billed)}"}},"formula":"planned-billed","result":"{missing}","parts":[{charge.derivation}]}}'
    )
    gross = None if charge.gross_amount is None else _gross_missing(charge.gross_amount, lines, missing)
    return BillCharge(charge, revision, missing, derivation, gross)


def _gross_missing(gross: Decimal, lines: Sequence[PostedLine], missing: Decimal) -> Decimal | None:
    """What is missing of the price with tax; None where something was billed by the price without."""
    for line in lines:
        left = line.gross_left
        if left is None and line.net_amount != line.corrected:
            return None
        gross -= left or ZERO
    return max(gross, missing)


def _take_back(lines: Sequence[PostedLine], amount: Decimal) -> Iterable[BillCredit]:
    """Credit the newest lines first, none for more than is left of it."""
    for line in sorted(lines, key=lambda line: -line.revision):
        taken = min(amount, line.net_amount - line.credited)
        if taken > 0:
            amount -= taken
            yield BillCredit(line.invoice_line_id, line.invoice_id, line.line_id, taken)


def _to_the_price(gross: Decimal, lines: Sequence[PostedLine], taken: Iterable[BillCredit]) -> list[BillCredit]:
    """The credits, the last with what brings what stands of all lines to the price with tax; as they are, where some
    line was billed by the price without, or more was taken of one than its corrections."""
    found = list(taken)
    by_id = {line.invoice_line_id: line for line in lines}
    left = [line.gross_left for line in lines]
    if not found or None in left or any(line.credited != line.corrected for line in lines):
        return found
    back = sum((one for one in left if one is not None), ZERO) - gross
    for credit in found[:-1]:
        back -= by_id[credit.invoice_line_id].gross_left or ZERO
    return [*found[:-1], found[-1]._replace(gross_amount=back)]
