"""Wallets that top themselves up: a card on file, a bound, an amount; a low wallet is charged for once at a time.

The charge is an intent like any other: committed before the gateway is called, asked again under the same key.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.credits.actions import set_top_up_rule
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.credits.rules import WalletStatus
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions.intents import NewIntent, create_intents
from cashline.flow.receive.payments.actions.topping_up import put_into_wallet
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform import sql

MOST_FAILURES = 3
"""After how many declined charges in a row a card is asked no more, until somebody sets it anew."""
PAUSE_AFTER_FAILURE = timedelta(days=1)
PAUSE = timedelta(minutes=5)
"""How long a wallet that was just charged for is left alone, so that no other worker charges beside."""


@transaction.atomic
def set_wallet_card(
    *,
    wallet_id: UUID,
    below: Decimal,
    amount: Decimal,
    gateway: str,
    method_token: str,
    now: datetime,
    actor: str,
) -> None:
    """Top a wallet up by `amount` from that card whenever less than `below` is in it. Raises NotFound, InvalidValue."""
    if not 1 <= len(method_token) <= 255:
        raise InvalidValue("Say which card: the gateway's token of 1 to 255 characters.", field="method_token")
    set_top_up_rule(wallet_id=wallet_id, below=below, amount=amount, now=now, actor=actor)
    sql.execute(
        "INSERT INTO wallet_cards (wallet_id, gateway, method_token, next_try_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (wallet_id) DO UPDATE SET gateway = EXCLUDED.gateway, method_token = EXCLUDED.method_token, "
        "failures = 0, next_try_at = EXCLUDED.next_try_at",
        (wallet_id, gateway, method_token, now),
    )


@transaction.atomic
def stop_top_ups(*, wallet_id: UUID, now: datetime, actor: str) -> None:
    """Top a wallet up no more, and forget its card; a charge under way is still put into it. Raises NotFound."""
    if not sql.execute("DELETE FROM wallet_cards WHERE wallet_id = %s", (wallet_id,)):
        raise NotFound("This wallet is not topped up by itself.", field="wallet")
    set_top_up_rule(wallet_id=wallet_id, below=None, amount=None, now=now, actor=actor)


@transaction.atomic
def top_up_low_wallets(*, now: datetime, actor: str, limit: int = 100) -> int:
    """Begin a charge for each wallet that is low and has a card; gives how many. For any number of workers."""
    low = queries.low_wallets(now=now, most_failures=MOST_FAILURES, limit=limit)
    if not low:
        return 0
    sql.update("wallet_cards", {"next_try_at": "timestamptz"}, [(row.id, now + PAUSE) for row in low], key="wallet_id")
    create_intents(
        [
            NewIntent(
                row.entity_id, row.customer_id, row.currency, row.amount, row.gateway, row.method_token,
                wallet_id=row.id,
            )
            for row in low
        ],
        now=now,
        actor=actor,
    )  # fmt: skip
    return len(low)


def fill_wallet(
    wallet_id: UUID, payment_id: UUID, amount: Decimal, day: date, *, now: datetime, actor: str
) -> None:  # fmt: skip
    """Put the money of a charge into its wallet; of one that was closed meanwhile it stays on account."""
    if wallet(wallet_id).status != WalletStatus.ACTIVE:
        return
    put_into_wallet(
        payment_id=payment_id, wallet_id=wallet_id, amount=amount, today=day, now=now, actor=actor
    )  # fmt: skip
    _settled([wallet_id], now)


def _settled(wallet_ids: Iterable[UUID], now: datetime) -> None:
    sql.execute(
        "UPDATE wallet_cards SET failures = 0, next_try_at = %s WHERE wallet_id = ANY(%s)", (now, list(wallet_ids))
    )


def card_failed(wallet_id: UUID, *, now: datetime) -> None:
    """A card was declined: it is asked again in a day, and after so many times no more."""
    sql.execute(
        "UPDATE wallet_cards SET failures = failures + 1, next_try_at = %s WHERE wallet_id = %s",
        (now + PAUSE_AFTER_FAILURE, wallet_id),
    )
