"""The chart of accounts: types, the roles by which posting rules find an account, and the chart that opens books."""

from dataclasses import dataclass
from enum import StrEnum


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
    CUSTOMER_PREPAYMENT = "customer_prepayment"
    BANK = "bank"
    CARD_CLEARING = "card_clearing"
    CURRENCY_VALUATION = "currency_valuation"
    TAX_WITHHELD = "tax_withheld"
    INTERCOMPANY_RECEIVABLE = "intercompany_receivable"
    INTERCOMPANY_PAYABLE = "intercompany_payable"
    INTERCOMPANY_INCOME = "intercompany_income"
    INTERCOMPANY_EXPENSE = "intercompany_expense"
    INVENTORY = "inventory"
    TAX_PAYABLE = "tax_payable"
    CONTRACT_POSITION = "contract_position"
    REVENUE_GOODS = "revenue_goods"
    REVENUE_SUBSCRIPTION = "revenue_subscription"
    REVENUE_SERVICE = "revenue_service"
    REVENUE_OTHER = "revenue_other"
    BREAKAGE = "breakage"
    CONTRACT_RECEIVABLE = "contract_receivable"
    CONTRACT_CASH = "contract_cash"
    CONTRACT_GOODS = "contract_goods"
    REFUND_LIABILITY = "refund_liability"
    RETURN_ASSET = "return_asset"
    FINANCIAL_LIABILITY = "financial_liability"
    COST_TO_OBTAIN = "cost_to_obtain_asset"
    COST_TO_FULFIL = "cost_to_fulfil_asset"
    OTHER_ASSET = "other_asset"
    SUPPLIER_PAYABLE = "supplier_payable"
    INTEREST_INCOME = "interest_income"
    INTEREST_EXPENSE = "interest_expense"
    CONTRACT_COST_EXPENSE = "contract_cost_expense"
    COST_OF_SALES = "cost_of_sales"
    STOCK_ADJUSTMENT = "stock_adjustment"
    WRITE_OFF = "write_off"
    PROMOTION = "promotion"
    FX_GAIN_LOSS = "fx_gain_loss"
    ROUNDING = "rounding"
    RETAINED_EARNINGS = "retained_earnings"


class Book(StrEnum):
    """A set of accounting rules; every book has its own entries."""

    IFRS = "ifrs"


@dataclass(frozen=True, slots=True)
class AccountTemplate:
    """An account that new books begin with."""

    role: AccountRole
    code: str
    name: str
    type: AccountType


_R, _T = AccountRole, AccountType
CHART: tuple[AccountTemplate, ...] = (
    AccountTemplate(_R.BANK, "1000", "Bank", _T.ASSET),
    AccountTemplate(_R.CARD_CLEARING, "1050", "Card clearing", _T.ASSET),
    AccountTemplate(_R.CONTRACT_CASH, "1060", "Cash of contracts that are settled elsewhere", _T.ASSET),
    AccountTemplate(_R.RECEIVABLE, "1200", "Trade receivables", _T.ASSET),
    AccountTemplate(_R.CONTRACT_RECEIVABLE, "1210", "Receivables of contracts that are billed elsewhere", _T.ASSET),
    AccountTemplate(_R.CURRENCY_VALUATION, "1290", "Currency valuation of open items", _T.ASSET),
    AccountTemplate(_R.TAX_WITHHELD, "1300", "Tax withheld by customers", _T.ASSET),
    AccountTemplate(_R.INTERCOMPANY_RECEIVABLE, "1350", "Due from entities of the group", _T.ASSET),
    AccountTemplate(_R.INVENTORY, "1400", "Inventory", _T.ASSET),
    AccountTemplate(_R.CONTRACT_GOODS, "1410", "Goods of contracts that are stocked elsewhere", _T.ASSET),
    AccountTemplate(_R.RETURN_ASSET, "1450", "Right to recover returned goods", _T.ASSET),
    AccountTemplate(_R.COST_TO_OBTAIN, "1500", "Costs to obtain contracts", _T.ASSET),
    AccountTemplate(_R.COST_TO_FULFIL, "1510", "Costs to fulfil contracts", _T.ASSET),
    AccountTemplate(_R.OTHER_ASSET, "1600", "Payments to customers and other assets", _T.ASSET),
    AccountTemplate(_R.SUPPLIER_PAYABLE, "2050", "Owed to suppliers as an agent", _T.LIABILITY),
    AccountTemplate(_R.INTERCOMPANY_PAYABLE, "2060", "Due to entities of the group", _T.LIABILITY),
    AccountTemplate(_R.UNAPPLIED_CASH, "2100", "Unapplied cash and customer credit", _T.LIABILITY),
    AccountTemplate(_R.CUSTOMER_PREPAYMENT, "2150", "Prepaid balances of customers", _T.LIABILITY),
    AccountTemplate(
        _R.CONTRACT_POSITION, "2200", "Contract position (deferred revenue less contract assets)", _T.LIABILITY
    ),
    AccountTemplate(_R.REFUND_LIABILITY, "2250", "Refund liability", _T.LIABILITY),
    AccountTemplate(_R.TAX_PAYABLE, "2300", "Sales tax payable", _T.LIABILITY),
    AccountTemplate(_R.FINANCIAL_LIABILITY, "2400", "Sales with a right to buy back", _T.LIABILITY),
    AccountTemplate(_R.RETAINED_EARNINGS, "3000", "Retained earnings", _T.EQUITY),
    AccountTemplate(_R.REVENUE_GOODS, "4000", "Revenue from goods", _T.INCOME),
    AccountTemplate(_R.REVENUE_SUBSCRIPTION, "4100", "Revenue from subscriptions", _T.INCOME),
    AccountTemplate(_R.REVENUE_SERVICE, "4200", "Revenue from services", _T.INCOME),
    AccountTemplate(_R.REVENUE_OTHER, "4300", "Revenue from one-off invoices", _T.INCOME),
    AccountTemplate(_R.BREAKAGE, "4400", "Breakage of prepaid balances", _T.INCOME),
    AccountTemplate(_R.INTERCOMPANY_INCOME, "4800", "Charged to entities of the group", _T.INCOME),
    AccountTemplate(_R.INTEREST_INCOME, "4900", "Interest income of contracts", _T.INCOME),
    AccountTemplate(_R.COST_OF_SALES, "5000", "Cost of sales", _T.EXPENSE),
    AccountTemplate(_R.STOCK_ADJUSTMENT, "5100", "Stock received and adjusted", _T.EXPENSE),
    AccountTemplate(_R.CONTRACT_COST_EXPENSE, "5200", "Costs of contracts", _T.EXPENSE),
    AccountTemplate(_R.INTERCOMPANY_EXPENSE, "5800", "Charged by entities of the group", _T.EXPENSE),
    AccountTemplate(_R.WRITE_OFF, "6100", "Receivables written off", _T.EXPENSE),
    AccountTemplate(_R.PROMOTION, "6200", "Promotional credit granted", _T.EXPENSE),
    AccountTemplate(_R.INTEREST_EXPENSE, "7000", "Interest expense of contracts", _T.EXPENSE),
    AccountTemplate(_R.FX_GAIN_LOSS, "7100", "Exchange gains and losses", _T.EXPENSE),
    AccountTemplate(_R.ROUNDING, "7200", "Rounding differences", _T.EXPENSE),
)
"""Codes and names that a company may change; roles and types are what the rules stand on."""
