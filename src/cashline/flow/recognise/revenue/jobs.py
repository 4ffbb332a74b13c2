"""What runs by itself: each month's revenue is recognised once the month is over."""

from datetime import date, datetime, timedelta

from cashline.flow.recognise.revenue.actions import recognise_arrangements, run_revenue


def recognise_month(*, today: date, now: datetime, actor: str) -> None:
    """Recognise what was earned up to the end of the month before; a second time finds nothing."""
    through = today.replace(day=1) - timedelta(days=1)
    run_revenue(through=through, now=now, actor=actor)
    recognise_arrangements(through=through, now=now, actor=actor)
