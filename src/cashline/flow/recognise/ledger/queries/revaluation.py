"""What was revalued for the end of a period."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.platform import sql


def revalued(entity_id: UUID, last_day: date) -> Decimal:
    """The difference that was posted on the last day of a period, in the entity's currency."""
    row = sql.fetch_one(
        "SELECT COALESCE(sum(l.functional_amount), 0) FROM accounts a JOIN journal_lines l ON l.account_id = a.id "
        "AND l.day = %s JOIN journal_entries e ON e.id = l.entry_id AND e.rule = 'revaluation' "
        "WHERE a.entity_id = %s AND a.role = %s",
        (last_day, entity_id, AccountRole.CURRENCY_VALUATION.value),
    )
    return Decimal(row[0]) if row else Decimal(0)
