"""Writing bank accounts and statements: importing once, matching, and what a person decides."""

from cashline.flow.receive.bank.actions.accounts import NewBankAccount, create_bank_accounts, set_matching
from cashline.flow.receive.bank.actions.deciding import (
    Decision,
    apply_matches,
    ignore_lines,
    take_up_lines,
    unmatch_lines,
)
from cashline.flow.receive.bank.actions.importing import ImportResult, import_statement
from cashline.flow.receive.bank.actions.matching import MatchResult, match_lines

__all__ = [
    "Decision",
    "ImportResult",
    "MatchResult",
    "NewBankAccount",
    "apply_matches",
    "create_bank_accounts",
    "ignore_lines",
    "import_statement",
    "match_lines",
    "set_matching",
    "take_up_lines",
    "unmatch_lines",
]
