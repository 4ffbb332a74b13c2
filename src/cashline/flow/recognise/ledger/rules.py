"""Rules of the ledger: account types and roles, books, and the entries that each event posts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class AccountType(StrEnum):
    """The five elements of financial statements; the first two have debit balances on the natural side."""

    ASSET = "asset"
    EXPENSE = "expense"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"


class AccountRole(StrEnum):
    """What the posting rules use an account for; each entity has one account of each role."""

    RECEIVABLE = "receivable"
    UNAPPLIED_CASH = "unapplied_cash"
    BANK = "bank"
    CARD_CLEARING = "card_clearing"
    INVENTORY = "inventory"
    TAX_PAYABLE = "tax_payable"
    CONTRACT_POSITION = "contract_position"
    REVENUE_GOODS = "revenue_goods"
    REVENUE_SUBSCRIPTION = "revenue_subscription"
    REVENUE_SERVICE = "revenue_service"
    COST_OF_SALES = "cost_of_sales"
    STOCK_ADJUSTMENT = "stock_adjustment"
    WRITE_OFF = "write_off"
    FX_GAIN_LOSS = "fx_gain_loss"
    ROUNDING = "rounding"
    RETAINED_EARNINGS = "retained_earnings"


class PeriodStatus(StrEnum):
    """Whether a month takes entries."""

    OPEN = "open"
    CLOSED = "closed"


class Book(StrEnum):
    """A set of accounting rules; every book has its own entries."""

    IFRS = "ifrs"


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line to post: debit positive, credit negative. `functional` is in the entity's currency."""

    role: AccountRole
    amount: Decimal
    functional: Decimal
    document_id: UUID | None = None
    customer_id: UUID | None = None
    agreement_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """An entry to post: once per (source, rule, book)."""

    entity_id: UUID
    currency: str
    day: date
    source_type: str
    source_id: UUID
    rule: str
    text: str
    lines: tuple[PlannedLine, ...]
