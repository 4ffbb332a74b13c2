"""Services to deliver: products behind an endpoint, and the work of every minute, by the real actions."""

from datetime import datetime, timedelta
from uuid import UUID

from cashline.flow.agree.catalog.actions import change_product
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.provisioning.actions import set_endpoint
from cashline.flow.deliver.provisioning.jobs import SENDERS
from cashline.platform.outbox.sending import register_senders, send_due
from tests.support.book import Shop
from tests.support.world import ACTOR, NOW

KEY = "monitoring"


def provision_platform(shop: Shop, url: str) -> str:
    """Have the shop's subscription switched by an endpoint; gives the secret."""
    change_product(shop.catalog.platform, changes={"provisioning_key": KEY}, now=NOW, actor=ACTOR)
    register_senders(SENDERS)
    return set_endpoint(key=KEY, url=url, now=NOW, actor=ACTOR)[1]


def work(now: datetime = NOW) -> None:
    """What the worker does every minute, until nothing is due."""
    while advance_steps(now=now, actor=ACTOR) + send_due(now=now):
        pass


def later(**by: int) -> datetime:
    """NOW and some time."""
    return NOW + timedelta(**by)


def keys(rows: list[object]) -> list[UUID]:
    """The ids of rows."""
    return [row.id for row in rows]  # type: ignore[attr-defined]
