"""A file of revenue cases as closed structs: the facts of a case, and the figures that it expects."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost, ContractFact, EventFact
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement

type Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2,3}$")]
type Account = Literal[
    "cash",
    "receivable",
    "contract_asset",
    "contract_liability",
    "refund_liability",
    "return_asset",
    "financial_liability",
    "cost_to_obtain_asset",
    "cost_to_fulfil_asset",
    "other_asset",
    "inventory",
    "supplier_payable",
    "revenue",
    "interest_income",
    "interest_expense",
    "cost_of_sales",
    "contract_cost_expense",
]


type Figures[T] = Annotated[tuple[T, ...], msgspec.Meta(min_length=1)]


class _Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    tolerance: Decimal | None = None


class _At(_Figure, frozen=True):
    at: date
    amount: Decimal


class _Window(_Figure, frozen=True, rename={"starts_on": "from"}):
    starts_on: date
    through: date
    amount: Decimal


class PriceFigure(_At, frozen=True):
    """The transaction price at the end of a day."""

    contract: str | None = None
    variable: Decimal | None = None


class AssuredFigure(_Figure, frozen=True):
    """What is due in every outcome, and what depends on it."""

    at: date
    assured: Decimal
    at_risk: Decimal


class ObligationFigure(_At, frozen=True):
    """A figure of an obligation."""

    obligation: str


class AllocationFigure(ObligationFigure, frozen=True):
    """What is allocated to an obligation, of all parts or of one."""

    consideration: str | None = None


class RefusedFigure(ObligationFigure, frozen=True):
    """A judgement that must be refused."""

    what: Literal["residual_outside_range"]


class ProgressFigure(_Figure, frozen=True):
    """Progress as a fraction of one."""

    at: date
    obligation: str
    value: Decimal


class RevenueFigure(_Window, frozen=True):
    """Revenue of a window."""

    obligation: str | None = None
    nature: Literal["performance", "catch_up"] | None = None


class RemainingFigure(_At, frozen=True, rename={"starts_on": "from"}):
    """What is allocated and not recognised at the end of a day, or what of it falls into a window."""

    contract: str | None = None
    obligation: str | None = None
    starts_on: date | None = None
    through: date | None = None


class InterestFigure(_Window, frozen=True):
    """Interest of a window."""

    side: Literal["income", "expense"]


class CostFigure(_Window, frozen=True):
    """Costs expensed in a window."""

    cost: str | None = None
    obligation: str | None = None


class ProfitFigure(_Window, frozen=True):
    """Revenue less costs of a window."""

    obligation: str | None = None


class BalanceFigure(_At, frozen=True):
    """The balance of an account, positive on its natural side."""

    account: Account
    contract: str | None = None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side of an entry."""

    account: Account
    debit: Decimal | None = None
    credit: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.debit is None) == (self.credit is None):
            raise ValueError("a line is a debit or a credit")

    @property
    def signed(self) -> Decimal:
        """Debit positive."""
        return (self.debit or Decimal(0)) - (self.credit or Decimal(0))


class EntryFigure(_Figure, frozen=True):
    """A journal entry."""

    at: date
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=2)]


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a case expects."""

    transaction_price: Figures[PriceFigure] = ()
    assured_price: Figures[AssuredFigure] = ()
    ssp: Figures[ObligationFigure] = ()
    allocation: Figures[AllocationFigure] = ()
    refused: Figures[RefusedFigure] = ()
    progress: Figures[ProgressFigure] = ()
    unit_revenue: Figures[ObligationFigure] = ()
    revenue: Figures[RevenueFigure] = ()
    remaining: Figures[RemainingFigure] = ()
    interest: Figures[InterestFigure] = ()
    costs_recognised: Figures[CostFigure] = ()
    profit: Figures[ProfitFigure] = ()
    entries: Figures[EntryFigure] = ()
    balances: Figures[BalanceFigure] = ()


class RevenueCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case: facts, and what must come of them. Nothing depends on its name or its notes."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    reference: str
    title: str
    how: Literal["looked up", "from knowledge", "own construction"]
    confidence: Literal["high", "medium", "arithmetic"]
    currency: Currency
    rounding: Literal["1", "0.01"]
    tolerance: Decimal
    contracts: tuple[ContractFact, ...]
    expect: Expected
    looked_up_at: str = ""
    note: str = ""
    judgements: tuple[Judgement, ...] = ()
    events: tuple[EventFact, ...] = ()
    costs: tuple[ContractCost, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]{2,3}", self.currency):
            raise ValueError("the currency has two or three capital letters")


class RevenueFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    format: Literal["revenue-cases/1"]
    cases: tuple[RevenueCase, ...]
    note: str = ""
