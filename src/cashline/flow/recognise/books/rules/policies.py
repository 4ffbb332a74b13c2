"""The policies of a book: what it elects, what its standard leaves to choose, and the paragraph behind each choice.

The journal follows IFRS 15 and ASC 606 where they agree, with no expedient elected. A book says where it differs.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple

import msgspec

from cashline.kernel.refusals import InvalidValue, Refusal


class Standard(StrEnum):
    """The accounting rules that a book follows."""

    ASC_606 = "asc606"
    IFRS_15 = "ifrs15"
    STATUTORY = "statutory"


JOURNAL = "journal"
"""The code under which the journal itself is one of the books of a comparison."""


class Policies(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a book decides; each default is what the journal does."""

    timing: Literal["standard", "as_invoiced"] = "standard"
    allocation: Literal["relative", "stated"] = "relative"
    estimates: Literal["estimated", "when_settled"] = "estimated"
    financing: Literal["judged", "one_year", "none"] = "judged"
    contract_costs: Literal["capitalised", "one_year", "expensed"] = "capitalised"
    impairments: Literal["as_judged", "never_reversed"] = "as_judged"

    def differing(self) -> tuple["Choice", ...]:
        """The choices that differ from the journal's, in the order in which their effects are told apart."""
        return tuple(one for one in CHOICES if getattr(self, one.policy) == one.value)


class Choice(NamedTuple):
    """A policy that differs from the journal's: its words, the paragraph, and the standards that allow it."""

    policy: str
    value: str
    words: str
    paragraph: str
    allowed: frozenset[Standard]

    @property
    def code(self) -> str:
        """Its name on entries and in reports."""
        return f"{self.policy}_{self.value}"


_ALL = frozenset(Standard)
_OWN = frozenset({Standard.STATUTORY})
CHOICES: tuple[Choice, ...] = (
    Choice(
        "allocation",
        "stated",
        "Each line keeps the price that was agreed for it: no allocation by stand-alone prices",
        "the law of the entity; ASC 606-10-32-31 and IFRS 15.76 allocate",
        _OWN,
    ),
    Choice(
        "estimates",
        "when_settled",
        "Variable amounts that add to the price count when they are settled, and are not estimated",
        "the law of the entity (realisation principle); ASC 606-10-32-8 and IFRS 15.53 estimate",
        _OWN,
    ),
    Choice(
        "financing",
        "one_year",
        "No financing component where a year or less lies between transfer and payment (expedient elected)",
        "ASC 606-10-32-18; IFRS 15.63",
        _ALL,
    ),
    Choice(
        "financing",
        "none",
        "Interest within the price is not told apart from it",
        "the law of the entity; ASC 606-10-32-15 and IFRS 15.60 tell it apart",
        _OWN,
    ),
    Choice(
        "contract_costs",
        "one_year",
        "Costs to obtain a contract are an expense where they would be amortised within a year (expedient elected)",
        "ASC 340-40-25-4; IFRS 15.94",
        _ALL,
    ),
    Choice(
        "contract_costs",
        "expensed",
        "Costs of contracts are an expense when they are incurred",
        "the law of the entity; ASC 340-40-25-1 and IFRS 15.91 capitalise",
        _OWN,
    ),
    Choice(
        "impairments",
        "never_reversed",
        "What was written down of costs of contracts is not taken back later",
        "ASC 340-40-35-6; IFRS 15.104 takes it back",
        frozenset({Standard.ASC_606, Standard.STATUTORY}),
    ),
    Choice(
        "timing",
        "as_invoiced",
        "Revenue is recognised when it is invoiced",
        "the law of the entity; ASC 606-10-25-23 and IFRS 15.31 wait for the transfer of control",
        _OWN,
    ),
)
"""Every choice that differs from the journal's, in the order in which their effects are told apart."""
CHOICE: Mapping[str, Choice] = {one.code: one for one in CHOICES}


def read_policies(given: Mapping[str, Any]) -> Policies:
    """Policies as they are named at a door; raises InvalidValue for an unknown name or value."""
    try:
        return msgspec.convert(dict(given), Policies)
    except msgspec.ValidationError as error:
        raise InvalidValue(f"These are no policies of a book: {error}.", field="policies") from None


def in_force(standard: Standard, policies: Policies) -> Policies:
    """The policies with what the standard prescribes: by ASC 340-40-35-6 no impairment is ever reversed."""
    if standard is Standard.ASC_606:
        return msgspec.structs.replace(policies, impairments="never_reversed")
    return policies


def check_policies(standard: Standard, policies: Policies) -> list[Refusal]:
    """A refusal for each choice that the standard of the book does not leave."""
    return [
        InvalidValue(f"{one.words}: {standard.value} leaves no such choice ({one.paragraph}).", field=one.policy)
        for one in policies.differing()
        if standard not in one.allowed
    ]
