"""What is recorded of a contract: obligations, parts of the consideration, dated events and modifications, and costs.

Amounts are decimal strings in the contract's currency, fractions are of one, days are ISO dates. `at` counts from the
start of its day for judgements and modifications. Wrong shapes raise `msgspec.ValidationError`.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from cashline.kernel.periods import add_months

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1200)]


class _Part(
    msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    id: Name


class Fixed(_Part, frozen=True, tag="fixed"):
    """A fixed amount."""

    amount: Decimal


class Instalments(_Part, frozen=True, tag="instalments"):
    """Equal fixed payments over time."""

    amount: Decimal
    count: Count
    first_due: date
    every_months: Count


class Variable(_Part, frozen=True, tag="variable"):
    """An amount that is estimated (606-10-32-5): in all, or for each unit transferred."""

    basis: Literal["total", "per_unit"]
    obligation: Name = ""

    def __post_init__(self) -> None:
        if self.basis == "per_unit" and not self.obligation:
            raise ValueError("an amount for each unit needs the obligation whose units count")


class UnitPrice(_Part, frozen=True, tag="unit_price"):
    """A price for each unit transferred, the number of units being open."""

    amount: Decimal
    obligation: Name


class Usage(_Part, frozen=True, tag="usage"):
    """A fee for each unit used, never estimated (606-10-55-18, 32-40)."""

    amount: Decimal
    obligation: Name


class Royalty(_Part, frozen=True, tag="royalty"):
    """A sales- or usage-based royalty of a licence, never estimated (606-10-55-65)."""

    expected: Decimal | None = None


class NonCash(_Part, frozen=True, tag="non_cash"):
    """Consideration other than cash at its fair value at inception (606-10-32-21)."""

    amount: Decimal


class PayableToCustomer(_Part, frozen=True, tag="payable_to_customer"):
    """An amount paid to the customer; beyond the value of what is bought for it, it lowers the price (606-10-32-25)."""

    amount: Decimal
    distinct_fair_value: Decimal = Decimal(0)


class OptionFee(_Part, frozen=True, tag="option_fee"):
    """The fee of a renewal option, by the practical alternative for material rights (606-10-55-45)."""

    amount: Decimal
    likelihood: Decimal


type Consideration = (
    Fixed | Instalments | Variable | UnitPrice | Usage | Royalty | NonCash | PayableToCustomer | OptionFee
)


class PriceRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The range of observable stand-alone prices."""

    low: Decimal
    high: Decimal


Pattern = Literal[
    "point",
    "ratable_daily",
    "ratable_monthly",
    "input_measure",
    "output_measure",
    "redemption",
    "royalty",
    "as_invoiced",
]
RATABLE = frozenset({"ratable_daily", "ratable_monthly"})
MEASURED = frozenset({"input_measure", "output_measure"})


class ObligationFact(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    omit_defaults=True,
    rename={"starts_on": "from"},
):
    """A performance obligation: a distinct good or service, or a series of them (606-10-25-14)."""

    id: Name
    pattern: Pattern
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit: str = ""
    ssp: Decimal | None = None
    ssp_range: PriceRange | None = None
    ssp_method: Literal[
        "", "observable", "adjusted_market", "expected_cost_plus_margin", "residual", "material_right"
    ] = ""
    expected_cost: Decimal | None = None
    margin: Decimal = Decimal(0)
    likelihood: Decimal = Decimal(1)
    measure: Literal["", "costs", "hours", "units", "milestones", "other"] = ""
    measure_total: Decimal | None = None
    progress_decimals: Annotated[int, msgspec.Meta(ge=0, le=12)] | None = None
    starts_on: date | None = None
    until: date | None = None
    unit_cost: Decimal | None = None

    def __post_init__(self) -> None:
        if self.pattern in RATABLE and (self.starts_on is None or self.until is None or self.until <= self.starts_on):
            raise ValueError("a service over time needs `from` and a later `until`")
        if self.pattern in MEASURED and not self.measure:
            raise ValueError("a measured obligation needs `measure`")
        if self.measure and self.measure != "costs" and not self.measure_total:
            raise ValueError("a measure other than costs needs `measure_total`")
        if self.ssp_method == "residual" and self.ssp_range is None:
            raise ValueError("the residual approach needs `ssp_range`")
        if self.ssp_method == "expected_cost_plus_margin" and self.expected_cost is None:
            raise ValueError("expected cost plus a margin needs `expected_cost`")


class ContractFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A contract as concluded."""

    id: Name
    inception: date
    consideration: tuple[Consideration, ...]
    obligations: tuple[ObligationFact, ...]
    cancellable: bool = False


class Repeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same fact again at regular intervals; the day of the month is kept."""

    count: Count
    every_months: Count


class _Event(
    msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    at: date


class Delivery(_Event, frozen=True):
    """A fact of the delivery of an obligation."""

    obligation: Name


class Transfer(Delivery, frozen=True, tag="transfer"):
    """Control of units passes (606-10-25-30); all of the obligation where no quantity is said."""

    quantity: Decimal | None = None


class ProgressMade(Delivery, frozen=True, tag="progress"):
    """Progress by a measure other than costs, from the start (606-10-55-17)."""

    to_date: Decimal


class CostIncurred(Delivery, frozen=True, tag="cost"):
    """A cost of satisfying an obligation (606-10-55-20, 55-21)."""

    amount: Decimal
    cost_class: Literal["contract", "uninstalled", "wasted"] = msgspec.field(name="class")


class Used(_Event, frozen=True, tag="usage"):
    """Units used."""

    consideration: Name
    quantity: Decimal


class RoyaltyEarned(_Event, frozen=True, tag="royalty"):
    """A royalty earned by a sale or use."""

    consideration: Name
    amount: Decimal


class Redeemed(Delivery, frozen=True, tag="redeem"):
    """Units redeemed since the last time (606-10-55-48)."""

    quantity: Decimal


class Expired(Delivery, frozen=True, tag="expire"):
    """What is not redeemed lapses."""


class Returned(Delivery, frozen=True, tag="return"):
    """Units come back (606-10-55-22)."""

    quantity: Decimal


class ReturnRightEnded(Delivery, frozen=True, tag="return_right_ends"):
    """The right of return lapses."""


class RepurchaseEnded(Delivery, frozen=True, tag="repurchase_ends"):
    """The repurchase right ends (606-10-55-66)."""

    outcome: Literal["lapsed", "exercised"]


class Invoiced(_Event, frozen=True, tag="invoice"):
    """An amount is billed."""

    contract: Name
    amount: Decimal
    due: date | None = None
    repeat: Repeat | None = None


class Paid(_Event, frozen=True, tag="payment"):
    """Cash moves."""

    contract: Name
    amount: Decimal
    direction: Literal["from_customer", "to_customer"] = "from_customer"
    repeat: Repeat | None = None


class QuantityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units added to an obligation, or removed where negative."""

    obligation: Name
    change: Decimal


class TermChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new end of service: the day after the last."""

    obligation: Name
    until: date


class PriceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A change of the price and what it belongs to."""

    amount: Decimal
    applies_to: Literal["remaining", "satisfied", "all"]
    obligation: str = ""


class Modified(_Event, frozen=True, tag="modify"):
    """The contract is changed (606-10-25-10 to 25-13)."""

    contract: Name
    treatment: Literal["separate", "prospective", "catch_up", "mixed"]
    added: tuple[ObligationFact, ...] = ()
    removed: tuple[Name, ...] = ()
    quantities: tuple[QuantityChange, ...] = ()
    terms: tuple[TermChange, ...] = ()
    price_changes: tuple[PriceChange, ...] = ()


class Terminated(_Event, frozen=True, tag="terminate"):
    """The contract ends early; what is left of its obligations falls away."""

    contract: Name
    refund: Decimal = Decimal(0)


type EventFact = (
    Transfer
    | ProgressMade
    | CostIncurred
    | Used
    | RoyaltyEarned
    | Redeemed
    | Expired
    | Returned
    | ReturnRightEnded
    | RepurchaseEnded
    | Invoiced
    | Paid
    | Modified
    | Terminated
)


class Clawback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How much of a commission is claimed back where the contract ends before `until`; by the days left if pro rata."""

    until: date
    share: Decimal = Decimal(1)
    pro_rata: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError("the share that is claimed back lies between 0 and 1")


class ContractCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A cost to obtain or to fulfil a contract, with the judgement on it (340-40-25-1, 25-5).

    `obtain_expedient` is expensed at once because what it brings, until `benefit_until`, lasts a year at most
    (340-40-25-4; IFRS 15.94). Where `contract` ends early, the rest is expensed, less what is clawed back.
    """

    id: Name
    at: date
    amount: Decimal
    cost_class: Literal[
        "obtain_incremental",
        "obtain_not_incremental",
        "obtain_expedient",
        "fulfil_capitalised",
        "fulfil_expensed",
        "other_standard",
    ] = msgspec.field(name="class")
    description: str = ""
    contract: str = ""
    clawback: tuple[Clawback, ...] = ()
    benefit_until: date | None = None

    def __post_init__(self) -> None:
        if self.cost_class == "obtain_expedient" and (
            self.benefit_until is None or self.benefit_until > add_months(self.at, 12)
        ):
            raise ValueError("the expedient needs `benefit_until` within a year: 340-40-25-4, IFRS 15.94")
        if self.clawback and not self.contract:
            raise ValueError("what may be clawed back needs the `contract` whose end it hangs on")
        if any(one.until <= self.at for one in self.clawback):
            raise ValueError("a window of clawback ends after the day of the cost")
