"""The ladder as a legal entity declares it: levels with their days, the country whose business days count, minimums."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cashline.flow.receive.collections.rules.planning import ReminderPolicy, ReminderStep
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all

USUAL_STEPS = (ReminderStep(1, 3), ReminderStep(2, 14), ReminderStep(3, 28))
"""What holds where nothing was declared: 3, 14 and 28 days after the due day."""
MOST_LEVELS = 9
MOST_DAYS = 365


def usual_policy(country: str) -> ReminderPolicy:
    """The policy of an entity that declared none."""
    return ReminderPolicy(USUAL_STEPS, country)


def declared_policy(days: Sequence[int], country: str, minimums: Iterable[Money]) -> ReminderPolicy:
    """A policy whose levels are due so many days after the due day.

    Raises InvalidValue, all at once: days that do not rise, too many levels, minimums below zero or named twice.
    """
    found: list[Refusal] = []
    if not 1 <= len(days) <= MOST_LEVELS:
        found.append(InvalidValue(f"A ladder has 1 to {MOST_LEVELS} levels.", field="days"))
    elif list(days) != sorted(set(days)) or days[0] < 1 or days[-1] > MOST_DAYS:
        found.append(InvalidValue(f"The days of the levels rise, from 1 to {MOST_DAYS}.", field="days"))
    minimums = tuple(minimums)
    if len({minimum.currency for minimum in minimums}) != len(minimums):
        found.append(InvalidValue("A currency has one minimum.", field="minimums"))
    if any(minimum.amount < 0 or minimum.rounded() != minimum for minimum in minimums):
        found.append(InvalidValue("A minimum is zero or more, in whole minor units.", field="minimums"))
    raise_all(found)
    steps = tuple(ReminderStep(level, after) for level, after in enumerate(days, 1))
    return ReminderPolicy(steps, country, minimums)


def policy_as_json(policy: ReminderPolicy) -> dict[str, Any]:
    """A declared policy as it is kept."""
    return {
        "days": [step.days_after_due for step in policy.steps],
        "country": policy.country,
        "minimums": {minimum.currency: str(minimum.amount) for minimum in policy.minimums},
    }


def policy_from_json(stored: Mapping[str, Any]) -> ReminderPolicy:
    """The policy that was kept."""
    minimums = (Money.of(amount, currency) for currency, amount in stored["minimums"].items())
    return declared_policy(stored["days"], stored["country"], minimums)
