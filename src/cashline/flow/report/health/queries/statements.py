"""The law of the statements: balance sheet, profit and loss and cash flow of every entity tie to the journal."""

from cashline.flow.report.health.rules import Break
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.flow.report.statements.rules.financial import Step
from cashline.platform import sql
from cashline.platform.company.queries import entities

LAW = "statements-tie"
SENTENCE = "Assets are liabilities and equity, profit is that of both, and the cash flow ends at the cash there is"
COLUMNS = 12


def broken_statements(*, limit: int) -> list[Break]:
    """Where the statements of the last twelve months with entries do not tie, by entity."""
    last = dict(sql.fetch("SELECT entity_id, max(day) FROM journal_entries GROUP BY 1"))
    found: list[Break] = []
    for entity in entities():
        if entity.id not in last:
            continue
        made = financial_statements(entity.id, last[entity.id], step=Step.MONTH, columns=COLUMNS)
        found += [Break(LAW, "entity", entity.id, entity.code, "a tie", words) for words in made.breaks]
    return found[:limit]
