"""Rules of credit: what counts as exposure, and which orders it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.money import MAX_AMOUNT
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.writing import write_money


class Account(NamedTuple):
    """A credit account; no `limit` means no check. `exposure` holds whatever was asked for, granted or not."""

    customer_id: UUID
    currency: str
    limit: Decimal | None
    exposure: Decimal
    held: bool


@dataclass(frozen=True, slots=True)
class CreditDecision:
    """Whether an order may go on; where not, why, in words for a person."""

    granted: bool
    reason: str = ""


GRANTED = CreditDecision(True)


def decide(asked: Sequence[tuple[UUID, Decimal]], accounts: dict[UUID, Account]) -> list[CreditDecision]:
    """Judge requests one after the other; `accounts` stand as before all of them.

    A request is granted where the exposure with it stays within the limit and the account is not held. A refused one
    counts all the same, since its order is held and not gone: what comes after it must not slip past.
    """
    exposures = {key: account.exposure for key, account in accounts.items()}
    found: list[CreditDecision] = []
    for customer_id, amount in asked:
        account = accounts[customer_id]
        exposures[customer_id] = exposure = exposures[customer_id] + amount
        if account.held:
            found.append(CreditDecision(False, "The credit account is on hold."))
        elif account.limit is not None and exposure > account.limit:
            sentence = (
                f"The exposure of {write_money(exposure, account.currency)} would pass the limit of "
                f"{write_money(account.limit, account.currency)}."
            )
            found.append(CreditDecision(False, sentence))
        else:
            found.append(GRANTED)
    return found


def fit_within(limit: Decimal | None, exposure: Decimal, held_orders: Sequence[tuple[UUID, Decimal]]) -> list[UUID]:
    """Which held orders, oldest first, may go on now: those that fit under the limit, counting only what goes on.

    `exposure` counts every held order. An order that does not fit lets smaller ones behind it pass.
    """
    if limit is None:
        return [order_id for order_id, _ in held_orders]
    running = exposure - sum((amount for _, amount in held_orders), Decimal(0))
    fitting: list[UUID] = []
    for order_id, amount in held_orders:
        if running + amount <= limit:
            running += amount
            fitting.append(order_id)
    return fitting


def limit_errors(limit: Decimal | None) -> list[Refusal]:
    """What is wrong with a limit."""
    if limit is not None and not 0 <= limit < MAX_AMOUNT:
        return [InvalidValue("A credit limit is zero or more; leave it out for no check.", field="limit")]
    return []
