"""Business calendars: which days count when a due date or a reminder is set.

Weekends and public holidays come from the `holidays` package by ISO 3166 country code.
"""

from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any


class BusinessDayRule(StrEnum):
    """What to do with a date that is no business day (ISDA 2006 4.12)."""

    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"


@cache
def _holidays(country: str) -> Any:
    import holidays

    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return {}


def is_business_day(day: date, country: str) -> bool:
    """Is the day no Saturday, Sunday or public holiday of the country?"""
    return day.weekday() < 5 and day not in _holidays(country)


def adjust(day: date, country: str, rule: BusinessDayRule) -> date:
    """Move the day onto a business day as the rule says."""
    if rule is BusinessDayRule.NONE or is_business_day(day, country):
        return day
    step = timedelta(days=-1 if rule is BusinessDayRule.PRECEDING else 1)
    moved = day
    while not is_business_day(moved, country):
        moved += step
    if rule is BusinessDayRule.MODIFIED_FOLLOWING and moved.month != day.month:
        return adjust(day, country, BusinessDayRule.PRECEDING)
    return moved


def add_business_days(day: date, count: int, country: str) -> date:
    """`count` business days later (earlier where negative); 0 gives the day itself."""
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    while left:
        day += step
        if is_business_day(day, country):
            left -= 1
    return day
