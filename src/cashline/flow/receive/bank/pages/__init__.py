"""The console's pages of the bank: statements, lines and the decisions on them."""

from django.urls import path

from cashline.flow.receive.bank.pages.accounts import bank_account_edit, bank_account_list, bank_account_new
from cashline.flow.receive.bank.pages.deciding import (
    bank_line_apply,
    bank_line_by_hand,
    bank_line_detail,
    bank_line_ignore,
    bank_line_take_up,
    bank_line_unmatch,
)
from cashline.flow.receive.bank.pages.lines import bank_line_list, bank_lines_apply, bank_lines_ignore
from cashline.flow.receive.bank.pages.statements import (
    bank_import,
    bank_match,
    bank_statement_detail,
    bank_statement_list,
)

URLS = [
    path("bank/", bank_statement_list, name="bank_statement_list"),
    path("bank/import/", bank_import, name="bank_import"),
    path("bank/match/", bank_match, name="bank_match"),
    path("bank/statements/<str:statement_id>/", bank_statement_detail, name="bank_statement_detail"),
    path("bank/lines/", bank_line_list, name="bank_line_list"),
    path("bank/lines/apply/", bank_lines_apply, name="bank_lines_apply"),
    path("bank/lines/ignore/", bank_lines_ignore, name="bank_lines_ignore"),
    path("bank/lines/<str:line_id>/", bank_line_detail, name="bank_line_detail"),
    path("bank/lines/<str:line_id>/apply/", bank_line_apply, name="bank_line_apply"),
    path("bank/lines/<str:line_id>/by-hand/", bank_line_by_hand, name="bank_line_by_hand"),
    path("bank/lines/<str:line_id>/ignore/", bank_line_ignore, name="bank_line_ignore"),
    path("bank/lines/<str:line_id>/take-up/", bank_line_take_up, name="bank_line_take_up"),
    path("bank/lines/<str:line_id>/unmatch/", bank_line_unmatch, name="bank_line_unmatch"),
    path("bank/accounts/", bank_account_list, name="bank_account_list"),
    path("bank/accounts/new/", bank_account_new, name="bank_account_new"),
    path("bank/accounts/<str:account_id>/", bank_account_edit, name="bank_account_edit"),
]
