"""Judgements: dated inputs that a person answers for; a later one on the same subject replaces the earlier."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from cashline.flow.recognise.revenue.rules.standard.facts import Name


class _Judgement(
    msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    at: date


class Combine(_Judgement, frozen=True, tag="combine"):
    """Contracts accounted for as one (606-10-25-9)."""

    contracts: tuple[Name, ...]


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A possible outcome and its probability."""

    amount: Decimal
    probability: Decimal | None = None


class VariableEstimate(_Judgement, frozen=True, tag="variable"):
    """Estimate of a variable part and what the constraint leaves of it (606-10-32-8, 32-11)."""

    consideration: Name
    method: Literal["expected_value", "most_likely", "given"]
    outcomes: tuple[Outcome, ...] = ()
    estimate: Decimal | None = None
    included: Decimal | None = None

    def __post_init__(self) -> None:
        if self.estimate is None and not self.outcomes and self.included is None:
            raise ValueError("give an estimate, outcomes, or what is included")

    @property
    def value(self) -> Decimal:
        """What goes into the price."""
        if self.included is not None:
            return self.included
        if self.method == "given" or not self.outcomes:
            return self.estimate or Decimal(0)
        if self.method == "most_likely":
            return max(self.outcomes, key=lambda one: one.probability or Decimal(0)).amount
        return sum((one.amount * (one.probability or Decimal(0)) for one in self.outcomes), Decimal(0))


class Financing(_Judgement, frozen=True, tag="financing"):
    """A significant financing component (606-10-32-15)."""

    consideration: Name
    annual_rate: Decimal
    compounding: Literal["annual", "monthly"] = "annual"
    cash_price: Decimal | None = None


class AllocateDiscount(_Judgement, frozen=True, tag="allocate_discount"):
    """A discount that belongs to some of the obligations alone (606-10-32-37)."""

    obligations: tuple[Name, ...]
    bundle_price: Decimal


class AllocateConsideration(_Judgement, frozen=True, tag="allocate_consideration"):
    """A part of the consideration that belongs to some of the obligations alone (606-10-32-40)."""

    consideration: Name
    obligations: tuple[Name, ...]


class Role(_Judgement, frozen=True, tag="role"):
    """Principal or agent (606-10-55-36 to 55-40)."""

    obligation: Name
    role: Literal["principal", "agent"]
    owed_to_supplier: Decimal = Decimal(0)


class Returns(_Judgement, frozen=True, tag="returns"):
    """Units expected back of those transferred (606-10-55-22 to 55-29)."""

    obligation: Name
    estimable: bool
    expected_quantity: Decimal = Decimal(0)
    recovery_cost: Decimal = Decimal(0)


class Redemption(_Judgement, frozen=True, tag="redemption"):
    """Units expected to be redeemed in all, breakage left out (606-10-55-48)."""

    obligation: Name
    expected_quantity: Decimal


class MaterialRight(_Judgement, frozen=True, tag="material_right"):
    """The stand-alone price of an option (606-10-55-44)."""

    obligation: Name
    purchase_amount: Decimal
    discount: Decimal
    discount_available_anyway: Decimal
    likelihood: Decimal


class ExpectedCost(_Judgement, frozen=True, tag="expected_cost"):
    """Costs expected to satisfy an obligation that is measured by costs (606-10-55-20, 55-21)."""

    obligation: Name
    amount: Decimal
    uninstalled: Decimal = Decimal(0)


class StandAlonePrice(_Judgement, frozen=True, tag="ssp"):
    """The stand-alone price of what is still to be delivered, for the next modification (606-10-25-13)."""

    obligation: Name
    amount: Decimal


class Repurchase(_Judgement, frozen=True, tag="repurchase"):
    """An option or duty to buy the asset back (606-10-55-66 to 55-78)."""

    obligation: Name
    right: Literal["call", "put", "forward"]
    price: Decimal
    until: date
    treatment: Literal["financing", "lease", "sale"]


class Amortisation(_Judgement, frozen=True, tag="amortisation", rename={"starts_on": "from"}):
    """How a capitalised cost of a contract is amortised (340-40-35-1)."""

    cost: Name
    pattern: Literal["ratable_monthly", "ratable_daily"]
    starts_on: date
    until: date

    def __post_init__(self) -> None:
        if self.until <= self.starts_on:
            raise ValueError("amortisation must end after it begins")


class Impairment(_Judgement, frozen=True, tag="impairment"):
    """How much of the asset of a cost is recoverable (340-40-35-3; IFRS 15.101): what is still expected less `costs`.

    `consideration` is what is expected to be received and what was received and is not recognised yet, with renewals
    and without the constraint (340-40-35-4); left out, it is the price allocated and not recognised as the day begins.
    `costs` relate to what is still to be delivered and are not expensed yet. By IFRS a later test may take a loss back.
    """

    cost: Name
    consideration: Decimal | None = None
    costs: Decimal = Decimal(0)
    standard: Literal["ifrs_15", "asc_340_40"] = "ifrs_15"


type Judgement = (
    Combine
    | VariableEstimate
    | Financing
    | AllocateDiscount
    | AllocateConsideration
    | Role
    | Returns
    | Redemption
    | MaterialRight
    | ExpectedCost
    | StandAlonePrice
    | Repurchase
    | Amortisation
    | Impairment
)

PARAGRAPHS: dict[str, str] = {
    "combine": "ASC 606-10-25-9; IFRS 15.17",
    "variable": "ASC 606-10-32-8, 32-11; IFRS 15.53, 15.56",
    "financing": "ASC 606-10-32-15; IFRS 15.60",
    "allocate_discount": "ASC 606-10-32-37; IFRS 15.82",
    "allocate_consideration": "ASC 606-10-32-40; IFRS 15.85",
    "role": "ASC 606-10-55-36; IFRS 15.B34",
    "returns": "ASC 606-10-55-23; IFRS 15.B21",
    "redemption": "ASC 606-10-55-48; IFRS 15.B46",
    "material_right": "ASC 606-10-55-44; IFRS 15.B42",
    "expected_cost": "ASC 606-10-55-20; IFRS 15.B18",
    "ssp": "ASC 606-10-25-13; IFRS 15.21",
    "repurchase": "ASC 606-10-55-66; IFRS 15.B64",
    "amortisation": "ASC 340-40-35-1; IFRS 15.99",
    "impairment": "ASC 340-40-35-3; IFRS 15.101",
}
"""The paragraph that each kind of judgement answers to."""


def subject_of(judgement: Judgement) -> str:
    """What a judgement is about: a later one of the same type on the same subject replaces it."""
    if isinstance(judgement, Combine):
        return "+".join(sorted(judgement.contracts))
    if isinstance(judgement, AllocateDiscount):
        return "+".join(sorted(judgement.obligations))
    if isinstance(judgement, VariableEstimate | Financing | AllocateConsideration):
        return judgement.consideration
    return judgement.cost if isinstance(judgement, Amortisation | Impairment) else judgement.obligation
