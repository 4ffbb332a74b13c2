"""Values that formats of cases share: names, decimals, and a moment that is a day or an instant."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta

from cashline.kernel.periods import day_start, local_day

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]+$")]
CaseId = Annotated[str, Meta(pattern=r"^[A-Z]+(-[A-Z]+)*-[0-9]{2}$")]
WHEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?")


class When:
    """A day of the customer's time zone, meaning its first instant, or an instant in UTC."""

    __slots__ = ("given",)

    def __init__(self, given: date | datetime) -> None:
        self.given = given

    @classmethod
    def read(cls, text: Any) -> Self:
        """Read `2026-02-28` or `2026-02-28T09:00:00Z`."""
        if not isinstance(text, str) or not WHEN.fullmatch(text):
            raise ValueError(f'{text!r} is neither a day nor an instant in UTC such as "2026-02-28T09:00:00Z".')
        try:
            if "T" in text:
                return cls(datetime.fromisoformat(text).astimezone(UTC))
            return cls(date.fromisoformat(text))
        except ValueError:
            raise ValueError(f"There is no {text}.") from None

    def instant(self, zone: str) -> datetime:
        """The instant in UTC."""
        return self.given if isinstance(self.given, datetime) else day_start(self.given, zone)

    def day(self, zone: str) -> date:
        """The day that holds it in the time zone."""
        return local_day(self.given, zone) if isinstance(self.given, datetime) else self.given


class Zone:
    """The name of an IANA time zone that exists."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def read(cls, text: Any) -> Self:
        """Read a name such as `Europe/Berlin`."""
        try:
            return cls(ZoneInfo(text).key)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            raise ValueError(f"{text!r} is no time zone of the IANA database.") from None


def written_digits(value: Decimal) -> int:
    """With how many decimals a figure is written; some figures are compared at those."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
