"""Keeping up to where subscriptions are settled, and forgetting it where something touches what is before.

Written under the lock of the agreement's schedule, like all that bills it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cashline.flow.invoice.billing.rules.plans.settling import Settlement
from cashline.platform import sql


def keep_settlements(found: Sequence[Settlement]) -> None:
    """Keep the days before which subscriptions are settled."""
    if found:
        sql.execute(
            "INSERT INTO subscription_settlements AS s (subscription_id, day, at) "
            "SELECT * FROM unnest(%s::uuid[], %s::date[], %s::timestamptz[]) "
            "ON CONFLICT (subscription_id) DO UPDATE SET day = EXCLUDED.day, at = EXCLUDED.at",
            (sql.uuids(one.subscription_id for one in found), [one.day for one in found], [one.at for one in found]),
        )


def forget_settlements(touched: Mapping[UUID, datetime]) -> None:
    """Plan subscriptions from their start again where what touches them lies before the day that settles them."""
    if touched:
        sql.execute(
            "DELETE FROM subscription_settlements s USING unnest(%s::uuid[], %s::timestamptz[]) AS t(id, at) "
            "WHERE s.subscription_id = t.id AND t.at <= s.at",
            (sql.uuids(touched), list(touched.values())),
        )


def forget_settlements_under(agreement_ids: Iterable[UUID]) -> None:
    """The same for all subscriptions under agreements, whatever touched them."""
    sql.execute(
        "DELETE FROM subscription_settlements s USING subscriptions l "
        "WHERE l.id = s.subscription_id AND l.agreement_id = ANY(%s::uuid[])",
        (sql.uuids(agreement_ids),),
    )
