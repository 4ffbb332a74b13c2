"""Law 9: with every check of the program left out, by raw SQL, the database itself refuses what the rules forbid.

Each case is tried as `cashline_app`, what the program runs as, and as `cashline_owner`, who owns the tables.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql as psql

from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries import lines_of
from cashline.flow.receive.disputes.actions import NewDispute, open_disputes
from cashline.flow.receive.payments.actions import NewRefund, request_refunds
from cashline.platform import sql
from cashline.platform.database.embedded import APP, OWNER, SUPERUSER
from tests.support.agree import german
from tests.support.cluster import Database
from tests.support.portal import CHILDREN, OWNED, use
from tests.support.world import ACTOR, TODAY
from tests.thread import mixed

ROLES = (APP, OWNER)
UNIQUE, CHECK, OVERLAP, RESTRICT, GRANT, LINK = "23505", "23514", "23P01", "23001", "42501", "23503"
REFUSED = frozenset({UNIQUE, CHECK, OVERLAP, RESTRICT, GRANT, LINK})
SOMEBODY_ELSE = german("Südwind Anlagen GmbH", tax_id="DE129273398", email="ap@suedwind.example")
ENTRY = "'01a00000-0000-7000-8000-000000000001'::uuid"


def again(table: str, where: str = "true", **changes: str) -> str:
    """Insert a copy of one row of a table under a new id; the changes are SQL expressions."""
    given = {"id": "gen_random_uuid()"} | changes
    pairs = ", ".join(f"'{name}', {value}" for name, value in given.items())
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(x, jsonb_build_object({pairs}))).* FROM {table} x "
        f"WHERE {where} ORDER BY x.id LIMIT 1"
    )


def entry(*lines: str, **changes: str) -> tuple[str, ...]:
    """A new journal entry with those lines, each (number, account role, amount, functional amount, day)."""
    given = {"id": ENTRY, "source_id": "gen_random_uuid()", "day": "'2026-02-03'"} | changes
    rows = ", ".join(f"({line})" for line in lines)
    return (
        again("journal_entries", "line_count = 2", **given),
        f"INSERT INTO journal_lines (entry_id, line_no, account_id, amount, functional_amount, day) SELECT {ENTRY}, "
        "v.n, a.id, v.amount, v.functional, v.day::date FROM (VALUES "
        f"{rows}) AS v(n, role, amount, functional, day) JOIN accounts a ON a.role = v.role AND a.entity_id = "
        f"(SELECT entity_id FROM journal_entries WHERE id = {ENTRY})",
    )


SOUND = ("1, 'bank', 10, 10, '2026-02-03'", "2, 'receivable', -10, -10, '2026-02-03'")
TAKEN_BACK = again(
    "payment_allocations", "amount > 0", amount="-x.amount", write_off_amount="-x.write_off_amount", reverses_id="x.id"
)
CASES: Mapping[str, Sequence[str]] = {
    "a charge is billed twice": [again("invoice_lines", line_no="99")],
    "an invoice number is given twice": [again("invoices")],
    "an invoice is numbered and has no day": [again("invoices", number="'X-1'", issued_on="null")],
    "an issued invoice changes its total": ["UPDATE invoices SET net_total = 1, tax_total = 0, gross_total = 1"],
    "an issued invoice changes its customer": [
        "UPDATE invoices i SET customer_id = (SELECT id FROM customers c WHERE c.id <> i.customer_id)"
    ],
    "an issued invoice becomes a draft": ["UPDATE invoices SET status = 'draft'"],
    "an issued invoice is deleted": ["DELETE FROM invoices"],
    "more is open than was billed": ["UPDATE invoices SET open_amount = gross_total + 1"],
    "less than nothing is open": ["UPDATE invoices SET open_amount = -1"],
    "a line of an issued invoice changes": ["UPDATE invoice_lines SET description = 'Nothing'"],
    "a line of an issued invoice is deleted": ["DELETE FROM invoice_lines"],
    "lines follow an issued invoice": [again("invoice_lines", line_no="99", source_id="gen_random_uuid()")],
    "lines that sum to nothing follow an issued invoice": [
        again("invoice_lines", line_no="99", source_id="gen_random_uuid()", net_amount="0")
    ],
    "the tax of an issued invoice changes": ["UPDATE invoice_taxes SET tax = 0"],
    "a tax follows an issued invoice": [again("invoice_taxes", tax_code="'Z'", base="0", tax="0")],
    "an invoice line is credited for more than it billed": [
        again("credit_notes", number="'CN-1'", id=ENTRY, net_total="(SELECT max(net_amount) FROM invoice_lines)",
              tax_total="0", gross_total="(SELECT max(net_amount) FROM invoice_lines)", unapplied_amount="0"),
        again("credit_note_lines", credit_note_id=ENTRY, tax_amount="0",
              net_amount="(SELECT max(net_amount) FROM invoice_lines)"),
    ],
    "more tax is credited than was charged": [
        again("credit_notes", number="'CN-1'", id=ENTRY, net_total="1", tax_total="99999", gross_total="100000"),
        again("credit_note_lines", credit_note_id=ENTRY, net_amount="1", tax_amount="99999"),
    ],
    "the lines of a credit note do not sum to it": [
        again("credit_notes", number="'CN-1'", id=ENTRY),
        again("credit_note_lines", credit_note_id=ENTRY, net_amount="0.01", tax_amount="0"),
    ],
    "a line follows an issued credit note": [
        again("credit_note_lines", line_no="99", net_amount="0.01", tax_amount="0")
    ],
    "an issued credit note changes": ["UPDATE credit_notes SET net_total = 1, tax_total = 0, gross_total = 1"],
    "a credit note is deleted": ["DELETE FROM credit_notes"],
    "an entry does not balance": entry(SOUND[0], "2, 'receivable', -9, -9, '2026-02-03'"),
    "an entry does not balance in the entity's currency": entry(
        SOUND[0], "2, 'receivable', -10, -9, '2026-02-03'", currency="'USD'"
    ),
    "an entry in the entity's currency has another value there": entry(
        "1, 'bank', 10, 11, '2026-02-03'", "2, 'receivable', -10, -11, '2026-02-03'"
    ),
    "an entry has one side": entry("1, 'bank', 0, 0, '2026-02-03'", line_count="1"),
    "an entry says that it has more lines": entry(*SOUND, line_count="3"),
    "an entry has no lines": [again("journal_entries", source_id="gen_random_uuid()", day="'2026-02-03'")],
    "a line is dated on another day than its entry": entry(SOUND[0], "2, 'receivable', -10, -10, '2026-02-04'"),
    "a line is in the accounts of another entity": [
        again("journal_entries", "line_count = 2", id=ENTRY, source_id="gen_random_uuid()", day="'2026-02-03'"),
        f"INSERT INTO journal_lines (entry_id, line_no, account_id, amount, functional_amount, day) "
        f"SELECT {ENTRY}, row_number() OVER (ORDER BY a.id), a.id, CASE a.role WHEN 'bank' THEN 1 ELSE -1 END, "
        "CASE a.role WHEN 'bank' THEN 1 ELSE -1 END, '2026-02-03' FROM accounts a JOIN legal_entities e "
        "ON e.id = a.entity_id AND e.code = 'US01' WHERE a.role IN ('bank', 'receivable')",
    ],
    "lines follow a posted entry": [
        "INSERT INTO journal_lines (entry_id, line_no, account_id, amount, functional_amount, day) "
        "SELECT entry_id, line_no + 10, account_id, amount, functional_amount, day FROM journal_lines"
    ],
    "a source is posted twice": [again("journal_entries")],
    "a closed month takes an entry": entry(
        "1, 'bank', 10, 10, '2026-01-20'", "2, 'receivable', -10, -10, '2026-01-20'", day="'2026-01-20'"
    ),
    "revenue of a month is posted twice": [again("revenue_postings")],
    "an obligation has a version twice": [again("obligations")],
    "more of a payment is applied than there is": [again("payment_allocations", amount="0.01", write_off_amount="0")],
    "more of a payment is taken back than was applied": [again("payment_allocations", amount="-99999")],
    "more of an invoice is settled than is no longer open": [
        "UPDATE payments SET unapplied_amount = 0",
        again("payment_allocations", amount="0", write_off_amount="0.01"),
    ],
    "an allocation is taken back twice": [TAKEN_BACK, TAKEN_BACK],
    "an allocation is of nothing": [again("payment_allocations", amount="0", write_off_amount="0")],
    "more of a payment is left than was received": ["UPDATE payments SET unapplied_amount = amount + 1"],
    "more of a payment is refunded than was received": ["UPDATE payments SET refunded_amount = amount + 1"],
    "a payment changes its amount": ["UPDATE payments SET amount = amount + 1"],
    "a payment changes its payer": [
        "UPDATE payments p SET customer_id = (SELECT id FROM customers c WHERE c.id <> p.customer_id)"
    ],
    "a payment is deleted": ["DELETE FROM payments"],
    "a source of money is recorded twice": [again("payments", number="'X-1'", gateway_reference="null")],
    "a charge of a gateway is recorded twice": [
        again("payments", "gateway_reference IS NOT NULL", number="'X-1'", source_id="gen_random_uuid()")
    ],
    "more is reserved than there is": [
        again("reservations", order_line_id="(SELECT max(id::text)::uuid FROM order_lines)", status="'active'",
              quantity="100000")
    ],
    "more leaves the warehouse than there is": [
        again("stock_moves", quantity="-100000", value="0", source_id="gen_random_uuid()")
    ],
    "stock is written beside its moves": ["UPDATE stock SET reserved = on_hand + 1"],
    "a receipt is counted twice": [again("stock_moves")],
    "a delivery is recorded twice": [again("deliveries")],
    "a shipment is of another customer than its order": [
        "UPDATE shipments s SET customer_id = (SELECT id FROM customers c WHERE c.id <> s.customer_id)"
    ],
    "more is delivered than was ordered": ["UPDATE order_lines SET delivered_quantity = quantity + 1"],
    "a contract is ordered twice": [again("orders", number="'X-1'")],
    "a line of a contract is ordered twice": [again("order_lines", line_no="99")],
    "a quote makes two contracts": [again("agreements", number="'X-1'")],
    "terms have two versions on one day": [again("agreement_lines")],
    "agreed terms are rewritten": ["UPDATE agreement_lines SET unit_price = 0"],
    "agreed terms are deleted": ["DELETE FROM agreement_lines"],
    "a contract changes its customer": [
        "UPDATE agreements a SET customer_id = (SELECT id FROM customers c WHERE c.id <> a.customer_id)"
    ],
    "a sent quote changes": ["UPDATE quote_versions SET net_total = 0"],
    "a sent quote is thawed": ["UPDATE quote_versions SET frozen_at = NULL"],
    "a sent quote is deleted": ["DELETE FROM quote_versions"],
    "a line of a sent quote changes": ["UPDATE quote_lines SET unit_price = 0"],
    "a line of a sent quote is deleted": ["DELETE FROM quote_lines"],
    "a line follows a sent quote": [again("quote_lines", line_no="99")],
    "prices overlap": [again("prices")],
    "tax rates overlap": [again("tax_rates")],
    "usage is counted twice": [again("usage_events")],
    "usage is taken in twice": ["INSERT INTO usage_receipts SELECT source, event_id, id, at FROM usage_receipts"],
    "usage is corrected twice": [again("usage_corrections", id="x.id")],
    "an effect is sent twice": [again("outbox")],
    "an event has two feed numbers": ["INSERT INTO event_feed SELECT max(number) + 1, min(event_id::text)::uuid "
                                      "FROM event_feed"],
}  # fmt: skip
"""What is tried, by what it would be; each a list of statements that would come to it."""


def trade(database: Database) -> None:
    """Two customers with a row in every table that the portal may read; a closed month; a sealed log."""
    mixed.prepare(SOMEBODY_ELSE)
    mixed.walk(until="bill_second")
    now = mixed.at(mixed.INSTALLED)
    second = sql.ids(sql.fetch("SELECT id FROM invoices WHERE issued_on = %s", (mixed.INSTALLED,)))
    disputes = [NewDispute(key, Decimal(10), "quality") for key in second]
    open_disputes(disputes, today=mixed.INSTALLED, now=now, actor=ACTOR)
    mixed.walk()
    for key in sql.ids(sql.fetch("SELECT id FROM invoices WHERE issued_on = %s", (TODAY,))):
        line = lines_of([key])[key][0]
        request = CreditRequest(key, "Damaged on arrival", [(line.id, line.net_amount / 2)])
        issue_credit_notes([request], today=mixed.MONTH_END, now=mixed.CLOSED, actor=ACTOR)
    paid = sql.ids(sql.fetch("SELECT id FROM payments WHERE method = 'card'"))
    request_refunds([NewRefund(key, Decimal(20), "Goodwill") for key in paid], now=mixed.CLOSED, actor=ACTOR)
    for key in sql.ids(sql.fetch("SELECT id FROM customers ORDER BY id")):
        use(key)
    mixed.seal_the_log()


def refusal(session: "psycopg.Connection[Any]", statements: Sequence[str]) -> str:
    """With which state the database refuses those statements, or their commit; empty where it takes them."""
    try:
        with session.transaction(force_rollback=True):
            for statement in statements:
                if not session.execute(statement.encode()).rowcount:
                    return "changes nothing"
            session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error.sqlstate or str(error)
    return ""


@pytest.mark.slow
def test_the_database_refuses_by_itself(committed_db: Database, subtests: pytest.Subtests) -> None:
    trade(committed_db)
    empty = empty_tables(committed_db)
    for role in ROLES:
        with committed_db.connect(role) as session:
            for name, statements in CASES.items():
                with subtests.test(f"{name}, tried by {role}"):
                    assert refusal(session, statements) in (REFUSED if role == APP else REFUSED - {GRANT})
            assert_facts_stand(session, role, empty, subtests)
    with committed_db.connect(SUPERUSER) as session:
        for statements in (entry(*SOUND), [TAKEN_BACK], [again("tax_rates", country="'XX'")]):
            assert refusal(session, statements) == "", "what is sound is taken"
        assert_portal_is_held(session, subtests)


def empty_tables(database: Database) -> set[str]:
    """The tables in which the trade left nothing."""
    with database.connect(SUPERUSER) as session:
        names = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name for (name,) in names if not session.execute(f"SELECT FROM {name} LIMIT 1".encode()).rowcount}


def assert_facts_stand(
    session: "psycopg.Connection[Any]", role: str, empty: Collection[str], subtests: pytest.Subtests
) -> None:
    """No table of facts takes an UPDATE, a DELETE or a TRUNCATE; where none is kept, only the last can be tried."""
    facts = session.execute(
        "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE t.tgfoid = 'refuse_rewriting'::regproc"
    ).fetchall()
    names = {row[0] for row in facts}
    assert names >= {"events", "journal_lines", "deliveries", "payment_allocations", "stock_moves", "stored_files"}
    for (table,) in facts:
        (column,) = session.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table]
        ).fetchone() or ("",)
        statements = [f"TRUNCATE {table} CASCADE"]
        if table not in empty:
            statements += [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
        for statement in statements:
            with subtests.test(f"{statement}, tried by {role}"):
                assert refusal(session, [statement]) in {GRANT, RESTRICT}


def assert_portal_is_held(session: "psycopg.Connection[Any]", subtests: pytest.Subtests) -> None:
    """Each customer sees rows of every table, and none of them is another's."""
    one, other = (row[0] for row in session.execute("SELECT id FROM customers ORDER BY id").fetchall())
    for table in (*OWNED, *CHILDREN):
        with subtests.test(f"{table} in the portal"):
            mine, theirs = seen(session, table, one), seen(session, table, other)
            assert mine, "nothing to see proves nothing"
            assert theirs
            assert owners(session, table, mine) == {one}
            assert owners(session, table, theirs) == {other}
            assert seen(session, table, None) == []


def seen(session: "psycopg.Connection[Any]", table: str, customer: UUID | None) -> list[UUID]:
    """The ids of the rows that a customer's portal sees, whatever it asks for."""
    with session.transaction(force_rollback=True):
        session.execute("SELECT set_config('cashline.customer_id', %s, true)", [str(customer) if customer else ""])
        session.execute("SET LOCAL ROLE cashline_portal")
        query = psql.SQL("SELECT id FROM {} WHERE true OR id IS NULL").format(psql.Identifier(table))
        return [row[0] for row in session.execute(query).fetchall()]


def owners(session: "psycopg.Connection[Any]", table: str, keys: Sequence[UUID]) -> set[UUID]:
    """Whose rows those are, by their own columns and those of the rows that they belong to."""
    source, alias, at = psql.SQL("{} AS t0").format(psql.Identifier(table)), 0, table
    while at in CHILDREN:
        parent, column = CHILDREN[at]
        source += psql.SQL(" JOIN {} AS {} ON {}.id = {}.{}").format(
            psql.Identifier(parent), psql.Identifier(f"t{alias + 1}"), psql.Identifier(f"t{alias + 1}"),
            psql.Identifier(f"t{alias}"), psql.Identifier(column),
        )  # fmt: skip
        alias, at = alias + 1, parent
    owner = psql.SQL("{}.{}").format(psql.Identifier(f"t{alias}"), psql.Identifier(OWNED[at]))
    query = psql.SQL("SELECT DISTINCT {} FROM {} WHERE t0.id = ANY(%s)").format(owner, source)
    return {row[0] for row in session.execute(query, [list(keys)]).fetchall()}
