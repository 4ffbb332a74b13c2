"""Terms of subscriptions and their renewal: until when, by itself or not, and by how much the price rises.

An uplift is a percentage, or what a price index rose between the value that the last price rests on and the newest one
that is known; a cap and a floor bound it. What was decided is kept in the fact of the renewal, with the index values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.kernel.money import to_decimal
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import divide, round_to

PERCENT_DIGITS = 4
MAX_TERM_MONTHS, MAX_NOTICE_DAYS = 240, 730
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class UpliftPolicy:
    """By how much a renewal raises the price: `percent`, or what `index` rose; never more than `cap` or less than
    `floor`, all in percent."""

    percent: Decimal | None = None
    index: str = ""
    cap: Decimal | None = None
    floor: Decimal | None = None

    def as_json(self) -> dict[str, str]:
        """The stored form."""
        return _texts(percent=self.percent, index=self.index or None, cap=self.cap, floor=self.floor)

    @classmethod
    def from_json(cls, shape: Mapping[str, str]) -> "UpliftPolicy":
        """Read the stored form back."""
        return cls(_number(shape, "percent"), shape.get("index", ""), _number(shape, "cap"), _number(shape, "floor"))


@dataclass(frozen=True, slots=True)
class PriceUplift:
    """What a renewal did to the price of one unit: `percent` was applied; of an index also the months and values."""

    old_price: Decimal
    new_price: Decimal
    percent: Decimal
    policy: UpliftPolicy
    from_month: date | None = None
    from_value: Decimal | None = None
    to_month: date | None = None
    to_value: Decimal | None = None

    def derivation(self, digits: int) -> dict[str, Any]:
        """The record of the new price, with that of the percentage where an index gave it."""
        record: dict[str, Any] = {
            "rule": "subscriptions.uplift",
            "version": 1,
            "inputs": {"old_price": str(self.old_price), "percent": str(self.percent)},
            "formula": f"round(old_price*(100+percent)/100,{digits})",
            "result": str(self.new_price),
        }
        if self.from_value is not None:
            inputs = {"index_before": str(self.from_value), "index_now": str(self.to_value)}
            formula = f"round((index_now/index_before-1)*100,{PERCENT_DIGITS})"
            for name, bound, function in (("floor", self.policy.floor, "max"), ("cap", self.policy.cap, "min")):
                if bound is not None:
                    inputs[name] = str(bound)
                    formula = f"{function}({formula},{name})"
            note = f"{self.policy.index}, {self.from_month:%Y-%m} to {self.to_month:%Y-%m}"
            record["parts"] = [
                {
                    "rule": "subscriptions.index_rise",
                    "version": 1,
                    "inputs": inputs,
                    "formula": formula,
                    "result": str(self.percent),
                    "note": note,
                }
            ]
        return record

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        months = {
            name: value.isoformat()
            for name, value in (("from_month", self.from_month), ("to_month", self.to_month))
            if value is not None
        }
        numbers = _texts(
            old_price=self.old_price,
            new_price=self.new_price,
            percent=self.percent,
            from_value=self.from_value,
            to_value=self.to_value,
        )
        return numbers | months | {"policy": self.policy.as_json()}

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "PriceUplift":
        """Read the stored form back."""
        return cls(
            Decimal(shape["old_price"]),
            Decimal(shape["new_price"]),
            Decimal(shape["percent"]),
            UpliftPolicy.from_json(shape["policy"]),
            _day(shape, "from_month"),
            _number(shape, "from_value"),
            _day(shape, "to_month"),
            _number(shape, "to_value"),
        )


@dataclass(frozen=True, slots=True)
class Term:
    """A term: the first day, the first day after it (None: without end), and what happens then.

    With `auto_renew` it is renewed by itself `notice_days` before its end, for `months`; else the subscription ends.
    """

    starts_on: date
    ends_on: date | None
    months: int = 0
    auto_renew: bool = False
    notice_days: int = 0
    policy: UpliftPolicy | None = None
    uplift: PriceUplift | None = None

    @property
    def renews_from(self) -> date | None:
        """The day from which the renewal is recorded; None where nothing renews it by itself."""
        if self.ends_on is None or not self.auto_renew:
            return None
        return date.fromordinal(max(self.ends_on.toordinal() - self.notice_days, self.starts_on.toordinal()))

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        shape: dict[str, Any] = {"starts_on": self.starts_on.isoformat()}
        if self.ends_on is not None:
            shape["ends_on"] = self.ends_on.isoformat()
        for name in ("months", "auto_renew", "notice_days"):
            if value := getattr(self, name):
                shape[name] = value
        if self.policy is not None:
            shape["policy"] = self.policy.as_json()
        if self.uplift is not None:
            shape["uplift"] = self.uplift.as_json()
        return shape

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "Term":
        """Read the stored form back."""
        return cls(
            date.fromisoformat(shape["starts_on"]),
            _day(shape, "ends_on"),
            shape.get("months", 0),
            shape.get("auto_renew", False),
            shape.get("notice_days", 0),
            UpliftPolicy.from_json(shape["policy"]) if "policy" in shape else None,
            PriceUplift.from_json(shape["uplift"]) if "uplift" in shape else None,
        )


@dataclass(frozen=True, slots=True)
class TermAsked:
    """A term as it is asked for; what is None stays as it was. `ends_on` decides where it is given, else `months`.

    `months` of 0 without `ends_on` is without end.
    """

    months: int | None = None
    ends_on: date | None = None
    auto_renew: bool | None = None
    notice_days: int | None = None
    policy: UpliftPolicy | None = None


NO_TERM = TermAsked()
"""Nothing is asked of a term."""
type IndexValues = Mapping[str, Mapping[date, Decimal]]
"""The values of price indices by code and month (its first day)."""


def term_of(asked: TermAsked, starts_on: date, before: Term | None) -> Term:
    """The term that begins on a day; what was not asked is as in the term before. Raises InvalidValue."""
    last = before or Term(starts_on, None)
    months = last.months if asked.months is None else asked.months
    if not 0 <= months <= MAX_TERM_MONTHS:
        raise InvalidValue(f"A term has 0 to {MAX_TERM_MONTHS} months; 0 is without end.", field="term.months")
    ends_on = asked.ends_on or (add_months(starts_on, months) if months else None)
    if ends_on is not None and ends_on <= starts_on:
        raise InvalidValue(f"The term begins on {starts_on} and ends after that.", field="term.ends_on")
    notice = last.notice_days if asked.notice_days is None else asked.notice_days
    if not 0 <= notice <= MAX_NOTICE_DAYS:
        raise InvalidValue(f"A notice has 0 to {MAX_NOTICE_DAYS} days.", field="term.notice_days")
    auto_renew = last.auto_renew if asked.auto_renew is None else asked.auto_renew
    if auto_renew and not months:
        raise InvalidValue("What renews itself says for how many months.", field="term.months")
    policy = last.policy if asked.policy is None else asked.policy
    if policy is not None:
        _check_policy(policy)
    return Term(starts_on, ends_on, months, auto_renew, notice, policy)


def _check_policy(policy: UpliftPolicy) -> None:
    if policy.percent is not None and policy.index:
        raise InvalidValue("An uplift is a percentage or an index, not both.", field="term.uplift")
    for name in ("percent", "cap", "floor"):
        value = getattr(policy, name)
        if value is not None and not -HUNDRED <= value <= HUNDRED * 10:
            raise InvalidValue("A percentage is -100 to 1000.", field=f"term.uplift.{name}")
    if policy.cap is not None and policy.floor is not None and policy.floor > policy.cap:
        raise InvalidValue("The floor is not above the cap.", field="term.uplift.floor")


def uplifted(
    policy: UpliftPolicy, price: Decimal, before: Term | None, known_until: date, indices: IndexValues, digits: int
) -> PriceUplift:
    """The price of the next term, rounded to the digits of its currency. Raises InvalidValue without index values.

    The index is compared from the month that the price before rests on (that of the last uplift, else the newest at
    the start of the term before) to the newest month that is known.
    """
    months: tuple[Any, ...] = (None, None, None, None)
    percent = policy.percent or Decimal(0)
    if policy.index:
        months = _index_months(policy.index, before, known_until, indices)
        percent = round_to((divide(months[3], months[1]) - 1) * HUNDRED, PERCENT_DIGITS)
        policy = replace(policy, percent=None)
    bounded = percent if policy.floor is None else max(percent, policy.floor)
    bounded = bounded if policy.cap is None else min(bounded, policy.cap)
    new_price = round_to(divide(price * (HUNDRED + bounded), HUNDRED), digits)
    return PriceUplift(price, new_price, bounded, policy, *months)


def _index_months(
    index: str, before: Term | None, known_until: date, indices: IndexValues
) -> tuple[date, Decimal, date, Decimal]:
    values = indices.get(index, {})
    to_month = max((month for month in values if month <= known_until), default=None)
    first: date | None = None
    if before is not None and before.uplift is not None and before.uplift.policy.index == index:
        first = before.uplift.to_month
    elif before is not None:
        first = max((month for month in values if month <= before.starts_on), default=None)
    if to_month is None or first is None or first not in values:
        message = f"The index {index} has no value from which, or to which, the price could follow it."
        raise InvalidValue(message, field="term.uplift.index", fix="Enter its values, or renew with a percentage.")
    return first, values[first], to_month, values[to_month]


def policy_of(shape: Mapping[str, Any]) -> UpliftPolicy:
    """A policy as a door takes it; raises InvalidValue where a number is none."""
    numbers = {
        name: to_decimal(shape[name], field=f"uplift.{name}")
        for name in ("percent", "cap", "floor")
        if shape.get(name) not in (None, "")
    }
    return UpliftPolicy(index=shape.get("index") or "", **numbers)


def _texts(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _number(shape: Mapping[str, Any], name: str) -> Decimal | None:
    return Decimal(shape[name]) if shape.get(name) is not None else None


def _day(shape: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(shape[name]) if shape.get(name) else None
