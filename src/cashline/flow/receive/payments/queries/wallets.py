"""Wallets that are topped up from a card on file, and which of them are low."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.payments.queries.intents import UNDER_WAY
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class WalletCardRow:
    """A wallet with the card that tops it up; `under_way` is a charge for it that is not finished."""

    id: UUID
    entity_id: UUID
    customer_id: UUID
    customer_name: str
    name: str
    currency: str
    below: Decimal
    amount: Decimal
    balance: Decimal
    gateway: str
    method_token: str
    failures: int
    next_try_at: datetime
    under_way: UUID | None

    @property
    def card(self) -> str:
        """The card as people may see it: the end of its token."""
        return f"… {self.method_token[-4:]}"


_ROW = (
    "SELECT w.id, w.entity_id, w.customer_id, c.name, w.name, w.currency, w.top_up_below, w.top_up_amount, "
    "coalesce((SELECT sum(x.balance) FROM customer_credits x WHERE x.wallet_id = w.id "
    "AND (x.expires_on IS NULL OR x.expires_on > (%(now)s AT TIME ZONE e.timezone)::date)), 0) AS balance, "
    "k.gateway, k.method_token, k.failures, k.next_try_at, "
    "(SELECT n.id FROM payment_intents n WHERE n.wallet_id = w.id AND n.status = ANY(%(under_way)s) LIMIT 1) "
    "FROM wallet_cards k JOIN wallets w ON w.id = k.wallet_id JOIN customers c ON c.id = w.customer_id "
    "JOIN legal_entities e ON e.id = w.entity_id "
    "WHERE w.status = 'active' AND w.top_up_below IS NOT NULL"
)


def wallet_cards(
    *, now: datetime, entity_ids: Sequence[UUID] | None = None, wallet_id: UUID | None = None
) -> list[WalletCardRow]:
    """The wallets that top themselves up, by customer; `entity_ids` None means all legal entities."""
    return sql.fetch_as(
        WalletCardRow,
        f"{_ROW} AND (%(all)s OR w.entity_id = ANY(%(entities)s)) "
        "AND (%(wallet)s::uuid IS NULL OR w.id = %(wallet)s) ORDER BY c.name, w.id LIMIT 500",
        {
            "now": now,
            "under_way": list(UNDER_WAY),
            "all": entity_ids is None,
            "entities": list(entity_ids or ()),
            "wallet": wallet_id,
        },
    )


def low_wallets(*, now: datetime, most_failures: int, limit: int) -> list[WalletCardRow]:
    """Wallets below their bound whose card may be asked now and that nothing is under way for, locked by their card."""
    return sql.fetch_as(
        WalletCardRow,
        f"{_ROW} AND k.next_try_at <= %(now)s AND k.failures < %(failures)s AND w.top_up_below > coalesce(("
        "SELECT sum(x.balance) FROM customer_credits x WHERE x.wallet_id = w.id AND (x.expires_on IS NULL "
        "OR x.expires_on > (%(now)s AT TIME ZONE e.timezone)::date)), 0) "
        "AND NOT EXISTS (SELECT FROM payment_intents n WHERE n.wallet_id = w.id AND n.status = ANY(%(under_way)s)) "
        "ORDER BY k.wallet_id LIMIT %(limit)s FOR NO KEY UPDATE OF k SKIP LOCKED",
        {"now": now, "under_way": list(UNDER_WAY), "failures": most_failures, "limit": limit},
    )
