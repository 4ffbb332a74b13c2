"""What runs by itself: alerts look at usage every minute, and the months to come are opened every day."""

from datetime import date, datetime

from cashline.flow.deliver.usage import actions
from cashline.kernel.periods import add_months


def alert_due(*, now: datetime, actor: str) -> int:
    """Tell every alert whose threshold is reached; gives how many."""
    return actions.check_alerts(now=now, actor=actor)


def open_coming_months(*, today: date, now: datetime, actor: str) -> None:  # noqa: ARG001 - the shape of a daily job
    """Make room for the events of this month and the two after."""
    actions.open_months({add_months(today.replace(day=1), ahead) for ahead in range(3)})
