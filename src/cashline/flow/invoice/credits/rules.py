"""Rules of credits: in which order they pay an invoice, for which lines, and what can be given back.

At issue the credit of the account (of credit notes and of invoices below zero) comes first, the oldest before the
others; then prepaid wallets by priority, limited ones before unlimited ones, what expires first before the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.kernel.rounding import round_fraction, round_to

ZERO = Decimal(0)
USAGE = frozenset({"charge", "minimum_shortfall"})
"""Components of a line that a wallet limited to meters pays."""


class CreditKind(StrEnum):
    """Where a credit comes from; the first two are credit of the account, the others lie in a wallet."""

    CREDIT_NOTE = "credit_note"
    INVOICE = "invoice"
    TOP_UP = "top_up"
    PROMOTION = "promotion"

    @property
    def is_prepaid(self) -> bool:
        """Does it lie in a wallet?"""
        return self in (CreditKind.TOP_UP, CreditKind.PROMOTION)


class MovementKind(StrEnum):
    """What moves a credit: only the first adds to it."""

    GRANTED = "granted"
    APPLIED = "applied"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class WalletStatus(StrEnum):
    """A closed wallet takes no money and pays nothing."""

    ACTIVE = "active"
    CLOSED = "closed"


WALLET = Lifecycle("wallet", ("close", [WalletStatus.ACTIVE], WalletStatus.CLOSED))


class CreditSpent(Conflict):
    """More would be taken from a credit than is left of it."""

    code = "credit_spent"


@dataclass(frozen=True, slots=True)
class NewWallet:
    """A wallet to open. Limited to `meters` it pays usage of these alone. The lower `priority` pays first.

    Below `top_up_below` it asks for a top-up of `top_up_amount`.
    """

    entity_id: UUID
    customer_id: UUID
    currency: str
    name: str = "Prepaid"
    priority: int = 50
    meters: tuple[str, ...] = ()
    top_up_below: Decimal | None = None
    top_up_amount: Decimal | None = None


class NewCredit(NamedTuple):
    """A credit to keep: `document_id` is the credit note, the invoice below zero, or the payment that it comes of."""

    entity_id: UUID
    customer_id: UUID
    currency: str
    kind: CreditKind
    amount: Decimal
    day: date
    document_id: UUID | None = None
    document_number: str = ""
    wallet_id: UUID | None = None
    entity_rate: Decimal = Decimal(1)
    document_rate: Decimal = Decimal(1)
    expires_on: date | None = None
    reason: str = ""


class OpenCredit(NamedTuple):
    """A credit with something left. `document_id` is whose balance the books hold; `priority` is its wallet's."""

    id: UUID
    entity_id: UUID
    customer_id: UUID
    currency: str
    kind: CreditKind
    document_id: UUID
    balance: Decimal
    entity_rate: Decimal
    expires_on: date | None
    priority: int
    meters: frozenset[str]

    @property
    def place(self) -> tuple[bool, int, bool, date, UUID]:
        """Its place in the order of use; ids sort by the time of their making."""
        prepaid = self.kind.is_prepaid
        expires = self.expires_on or date.max
        return (prepaid, self.priority if prepaid else 0, not self.meters, expires if prepaid else date.min, self.id)


class PayableLine(NamedTuple):
    """A line as wallets see it: what is to be paid of it, tax included, unrounded."""

    component: str
    meter: str
    gross: Fraction


class CreditPart(NamedTuple):
    """So much of a credit pays an invoice."""

    credit: OpenCredit
    amount: Decimal


class Application(NamedTuple):
    """The credits that pay an invoice at issue."""

    parts: tuple[CreditPart, ...] = ()

    @property
    def account(self) -> Decimal:
        """The part of credit notes and of the account."""
        return sum((part.amount for part in self.parts if not part.credit.kind.is_prepaid), ZERO)

    @property
    def prepaid(self) -> Decimal:
        """The part of wallets."""
        return sum((part.amount for part in self.parts if part.credit.kind.is_prepaid), ZERO)


NO_CREDITS = Application()


def apply_to(
    due: Decimal, lines: Sequence[PayableLine], credits_held: Iterable[OpenCredit], *, currency: str, day: date
) -> Application:
    """Pay what is due from credits in their order; none pays more than it holds, nor for lines it is not for."""
    digits = minor_units(currency)
    left = [line.gross for line in lines]
    parts: list[CreditPart] = []
    for credit in sorted(credits_held, key=lambda credit: credit.place):
        if due <= 0:
            break
        if credit.currency != currency or (credit.expires_on is not None and credit.expires_on <= day):
            continue
        amount = min(due, credit.balance)
        if credit.meters:
            places = [
                index for index, line in enumerate(lines) if line.component in USAGE and line.meter in credit.meters
            ]
            whole = sum((left[index] for index in places), Fraction(0))
            amount = min(amount, round_fraction(max(whole, Fraction(0)), digits))
            for index in places if whole > 0 else ():
                left[index] -= Fraction(amount) * left[index] / whole
        if amount > 0:
            due -= amount
            parts.append(CreditPart(credit, amount))
    return Application(tuple(parts))


def refundable(*, paid: Decimal, total: Decimal, credited: Decimal) -> Decimal:
    """What of a credit is refunded: the part paid beyond the value used, never below 0 nor above the credit.

    `total` is what the invoice asked for, `credited` the gross of the credit note: paid − (total − credited).
    """
    return max(ZERO, min(credited, paid - (total - credited)))


def wallet_problems(wallet: NewWallet) -> list[Refusal]:
    """What is wrong with a wallet, all at once."""
    try:
        digits = minor_units(wallet.currency)
    except InvalidValue as refusal:
        return [refusal]
    found: list[Refusal] = []
    if not 0 <= wallet.priority <= 1000:
        found.append(InvalidValue("A priority is between 0 and 1000.", field="priority"))
    if (wallet.top_up_below is None) != (wallet.top_up_amount is None):
        found.append(InvalidValue("A rule of top-ups has a bound and an amount.", field="top_up_amount"))
    for name, amount in (("top_up_below", wallet.top_up_below), ("top_up_amount", wallet.top_up_amount)):
        if amount is not None and (not 0 < amount < MAX_AMOUNT or round_to(amount, digits) != amount):
            found.append(InvalidValue(f"Amounts in {wallet.currency} are above 0 with {digits} decimals.", field=name))
    return found


def credit_problems(new: NewCredit) -> list[Refusal]:
    """What is wrong with a credit to be kept, all at once."""
    digits = minor_units(new.currency)
    found: list[Refusal] = []
    if not 0 < new.amount < MAX_AMOUNT or round_to(new.amount, digits) != new.amount:
        found.append(InvalidValue(f"A credit in {new.currency} is above 0 with {digits} decimals.", field="amount"))
    if new.kind.is_prepaid != (new.wallet_id is not None):
        found.append(InvalidValue("Prepaid money lies in a wallet, other credit on the account.", field="wallet"))
    if new.expires_on is not None and new.expires_on <= new.day:
        found.append(InvalidValue("A credit expires after it is given.", field="expires_on"))
    return found


WATCHED_DAYS = 90
"""How far back the pace of drawing on a wallet is measured."""


class OpenTopUp(NamedTuple):
    """Prepaid money that is left, and the first day on which it is void (None: never)."""

    balance: Decimal
    expires_on: date | None


class BurnDown(NamedTuple):
    """How fast a wallet is drawn on, by when it is empty at that pace, and what would expire before it is used.

    `drawn` was taken in `days`. The day is None where nothing is drawn, or it lies more than a hundred years ahead.
    """

    balance: Decimal
    drawn: Decimal
    days: int
    per_day: Decimal
    empty_on: date | None
    unused: Decimal


def burn_down(
    left: Sequence[OpenTopUp], drawn: Decimal, since: date, today: date, *, currency: str
) -> BurnDown:  # fmt: skip
    """The pace of a wallet that was opened on `since`, of which `drawn` was taken in the last 90 days at most.

    100 left of which 30 were drawn in 30 days: 1 a day, empty in 100 days. What expires first is used first.
    """
    digits = minor_units(currency)
    days = max(1, min(WATCHED_DAYS, (today - since).days))
    balance = sum((one.balance for one in left), ZERO)
    pace = Fraction(drawn) / days
    unused, spent = Fraction(0), Fraction(0)
    for one in sorted(left, key=lambda one: one.expires_on or date.max):
        used = Fraction(one.balance)
        if one.expires_on is not None:
            until = max(Fraction(0), pace * max(0, (one.expires_on - today).days) - spent)
            used = min(used, until)
        spent += used
        unused += Fraction(one.balance) - used
    empty_on = None
    if pace and (wait := -(-spent // pace)) < 36_500:
        empty_on = today + timedelta(days=int(wait))
    return BurnDown(balance, drawn, days, round_fraction(pace, digits), empty_on, round_fraction(unused, digits))
