"""What runs by itself: every law is checked once a day."""

from datetime import date, datetime, timedelta

from cashline.flow.report.health.queries import LAWS
from cashline.flow.report.health.rules import Depth
from cashline.platform.snapshots.actions import request_figure
from cashline.platform.snapshots.queries import requested

DAY = timedelta(days=1)


def check_daily(*, today: date, now: datetime, actor: str) -> None:  # noqa: ARG001 - every daily job has one shape
    """Ask for a check where the last one is a day old; the worker makes it beside its other work."""
    last = requested(LAWS, Depth()).last
    if last is None or last.as_of <= now - DAY:
        request_figure(LAWS, Depth(), now=now, actor=actor, wake=False)
