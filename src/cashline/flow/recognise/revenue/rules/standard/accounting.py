"""The names under which amounts of arrangements stand in the ledger's posting rule: one for each account."""

from collections.abc import Mapping

from cashline.flow.recognise.revenue.rules.standard.facts import MEASURED, RATABLE
from cashline.flow.recognise.revenue.rules.standard.planning import Key

ACCOUNTS = (
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
)
"""All accounts; the contract position is an asset or a liability by its sign."""
DEBIT_ACCOUNTS = frozenset(
    {
        *("cash", "receivable", "contract_asset", "return_asset", "cost_to_obtain_asset", "cost_to_fulfil_asset"),
        *("other_asset", "inventory", "interest_expense", "cost_of_sales", "contract_cost_expense"),
    }
)
"""Accounts with debit balances on their natural side."""


def posting_name(key: Key, patterns: Mapping[str, str]) -> str:
    """The name of an amount in the posting rule; revenue is told apart by how its obligation is satisfied."""
    if key.account != "revenue":
        return key.account
    pattern = patterns.get(key.subject, "point")
    if pattern in RATABLE:
        return "subscription"
    return "service" if pattern in MEASURED or pattern == "as_invoiced" else "goods"
