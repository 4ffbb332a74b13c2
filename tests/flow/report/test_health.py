"""Verify finds nothing where all went through the program, and names the law and the document where it did not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection

from cashline.flow.recognise.books.actions import NewBook, open_book, run_books
from cashline.flow.recognise.books.rules.policies import Policies, Standard
from cashline.flow.recognise.intercompany.actions import charge_entities
from cashline.flow.recognise.intercompany.rules import NewSale
from cashline.flow.report.health.queries import checks, derivations, log, statements, stuck, verify
from cashline.flow.report.health.rules import Break, SeriesUse, numbering_breaks
from cashline.platform.database.embedded import SUPERUSER
from cashline.platform.events.actions import seal_events
from tests.support.cluster import Database
from tests.support.report import trade_a_little
from tests.support.world import ACTOR, NOW, TODAY

JOURNAL_LINE = "(SELECT l.ctid FROM journal_lines l JOIN accounts a ON a.id = l.account_id WHERE a.role = '{}' LIMIT 1)"


def line(role: str, change: str) -> tuple[str, str]:
    """A way to break a line of the journal."""
    return "journal_lines", f"UPDATE journal_lines SET {change} WHERE ctid = {JOURNAL_LINE.format(role)}"


def first(table: str, change: str, where: str = "true") -> tuple[str, str]:
    """A way to break one row of a table."""
    row = f"(SELECT ctid FROM {table} WHERE {where} LIMIT 1)"
    return table, f"UPDATE {table} SET {change} WHERE ctid = {row}"


LATEST = "version = (SELECT max(o.version) FROM obligations o WHERE o.line_id = obligations.line_id)"
RUNS_ON = "line_id NOT IN (SELECT line_id FROM deliveries WHERE kind IN ('ended', 'cancelled'))"
AS_AGREED = f"{LATEST} AND version = 0 AND {RUNS_ON}"

ALONE = (
    "tax_rate > 0 AND (SELECT count(*) FROM invoice_lines o WHERE o.invoice_id = invoice_lines.invoice_id) = 1 "
    "AND invoice_id IN (SELECT id FROM invoices WHERE discount_total = 0)"
)

BREAKS = {
    "quote-lines-sum": None,
    "agreement-lines-sum": first("agreement_lines", "net_total = net_total + 1"),
    "agreement-is-quote": None,
    "order-is-agreement": first("orders", "net_total = net_total - 1"),
    "delivered-is-facts": first("deliveries", "quantity = quantity - 1", "kind = 'shipped'"),
    "stock-is-moves": first("stock_moves", "value = value + 1"),
    "invoice-lines-sum": first("invoice_lines", "net_amount = net_amount + 1"),
    "tax-is-base-times-rate": first("invoice_taxes", "tax = tax + 0.01"),
    "prices-with-tax-hold": first("invoice_lines", "gross_amount = net_amount + 9999", ALONE),
    "billed-within-terms": first("invoice_lines", "net_amount = net_amount + 9999", "period IS NULL"),
    "credit-note-lines-sum": first("credit_note_lines", "tax_amount = tax_amount + 1"),
    "credited-within-billed": first("credit_note_lines", "net_amount = 99999"),
    "open-is-what-is-left": first("invoices", "open_amount = open_amount - 1", "open_amount > 1"),
    "credit-is-its-movements": None,
    "coupon-uses-are-counted": None,
    "coupons-are-the-discount": None,
    "prepaid-is-in-wallets": None,
    "payment-is-applied-or-left": first("payment_allocations", "amount = amount - 1", "amount > 1"),
    "exposure-is-what-is-at-stake": first("credit_accounts", "exposure = exposure + 1"),
    "statement-adds-up": None,
    "entries-balance": line("receivable", "amount = amount + 1"),
    "lines-are-in-place": line("receivable", "day = day + 1"),
    "closed-months-are-closed": (
        "accounting_periods",
        "INSERT INTO accounting_periods (id, entity_id, starts_on, ends_on, status, closed_at) SELECT uuidv7(), id, "
        "'2026-01-01', '2026-02-01', 'closed', '2026-01-20' FROM legal_entities WHERE code = 'DE01'",
    ),
    "sums-are-the-lines": first("daily_balances", "functional_debit = functional_debit + 1"),
    "position-sums-are-the-lines": first("contract_positions", "billed = billed + 1"),
    "documents-are-posted": first("journal_entries", "rule = 'gone'", "rule = 'payment'"),
    "receivable-is-open": line("receivable", "amount = amount + 1"),
    "settled-is-worth-nothing": line("receivable", "functional_amount = functional_amount + 1"),
    "unapplied-is-left": line("unapplied_cash", "amount = amount + 1"),
    "tax-payable-is-invoiced": line("tax_payable", "amount = amount + 1"),
    "cash-is-payments": line("bank", "amount = amount + 1"),
    "inventory-is-stock": line("inventory", "functional_amount = functional_amount + 1"),
    "due-from-is-due-to": first("intercompany_sales", "settled_amount = settled_amount + 1"),
    "position-rolls-forward": line("contract_position", "amount = amount + 1"),
    "revenue-is-posted": first("revenue_postings", "amount = amount + 1"),
    "allocated-is-the-price": first("obligations", "allocated_price = allocated_price + 1", LATEST),
    "first-price-is-the-terms": first("obligations", "transaction_price = transaction_price + 1", AS_AGREED),
    "recognised-within-allocated": first(
        "revenue_postings",
        "amount = amount + 99999",
        "line_id NOT IN (SELECT line_id FROM deliveries WHERE kind = 'ended')",
    ),
    "arrangements-are-posted": None,
    "book-entries-balance": first("book_lines", "functional_amount = functional_amount + 1"),
    "books-are-the-journal-adjusted": first(
        "book_lines", "derivation = jsonb_set(derivation, '{inputs,before}', '\"-9\"')"
    ),
    "log-is-linked": first("event_blocks", "previous_hash = 'x'"),
    "log-tells-quotes": None,
    "log-tells-agreements": None,
    "log-tells-orders": first("orders", "status = 'booked'", "status = 'completed'"),
    "log-tells-shipments": first("shipments", "status = 'picking'"),
    "log-tells-subscriptions": first("subscriptions", "status = 'pending'"),
    "log-tells-installations": first("installations", "status = 'done'"),
    "log-tells-invoices": first("invoices", "status = 'void'"),
    "log-tells-credit_notes": first("credit_notes", "status = 'draft'"),
}
"""How each law that one statement checks can be broken behind the program; None: the little trade has no case."""


def test_a_company_that_traded_is_sound(db: Database) -> None:
    trade_a_little()
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)
    assert found.sound
    assert len({law.code for law in found.checked}) == len(found.checked) > 40


def test_every_law_is_broken_by_what_it_forbids(committed_db: Database) -> None:
    """With every trigger and foreign key off, a superuser breaks one row after the other; the law of it tells."""
    from cashline.flow.recognise.ledger.actions import summarise_journal

    world = trade_a_little().shop.world
    rent = NewSale(world.berlin, world.boston, "EUR", Decimal(5), date(2026, 1, 20), "Rent")
    charge_entities([rent], now=NOW, actor=ACTOR)
    new = NewBook(world.berlin, "stated", "Stated", Standard.STATUTORY, Policies(allocation="stated"))
    open_book(new, reason="The law", now=NOW, actor=ACTOR)
    assert run_books(through=date(2026, 3, 31), now=NOW, actor=ACTOR)[0].entries
    summarise_journal()
    seal_events(now=NOW)
    assert verify(whole=True).first_break is None
    relation = checks.digits()
    laws = {law.code: law for law in (*checks.LAWS, log.LINKED, *map(log.replay_law, log.STATES))}
    assert set(BREAKS) == set(laws)
    with committed_db.connect(SUPERUSER) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for code, way in BREAKS.items():
            assert checks.breaks_of(laws[code], relation=relation, limit=5) == []
            if way is None:
                continue
            with broken(superuser, *way):
                found = checks.breaks_of(laws[code], relation=relation, limit=5)
            assert found, f"{code} did not notice: {way[1]}"
            assert {one.law for one in found} == {code}
            assert all(one.expected != one.found for one in found), found


@contextmanager
def broken(superuser: "psycopg.Connection[Any]", table: str, statement: str) -> Iterator[None]:
    """The table with one row broken; as it was after the block."""
    superuser.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
    assert superuser.execute(statement).rowcount == 1
    try:
        yield
    finally:
        superuser.execute(f"DELETE FROM {table}")
        superuser.execute(f"INSERT INTO {table} SELECT * FROM kept")
        superuser.execute("DROP TABLE kept")


def test_first_break_names_law_document_expected_and_found(committed_db: Database) -> None:
    traded = trade_a_little()
    seal_events(now=NOW)
    with committed_db.connect(SUPERUSER) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE invoices SET open_amount = open_amount - 1 WHERE id = %s", [traded.invoices[1]])
        superuser.execute("UPDATE events SET reason = 'forged' WHERE type = 'InvoiceIssued'")
        superuser.execute("UPDATE invoice_lines SET derivation = jsonb_set(derivation, '{result}', '\"1\"')")
        superuser.execute("UPDATE orders SET number = 'ORD-DE01-2026-000099' WHERE id = %s", [traded.whole])
    found = verify()
    assert not found.sound
    first_break = found.first_break
    assert first_break is not None
    assert (first_break.law, first_break.kind, first_break.id) == (
        "open-is-what-is-left",
        "invoice",
        traded.invoices[1],
    )
    assert str(first_break).startswith("open-is-what-is-left: invoice INV-DE01-2026-")
    codes = {law.code for law in found.checked if law.breaks}
    assert {"open-is-what-is-left", "receivable-is-open", log.CHAIN, derivations.LAW, "numbers-gap-free"} <= codes


def test_statements_that_do_not_tie_are_told(committed_db: Database) -> None:
    from cashline.flow.recognise.ledger.actions import summarise_journal

    trade_a_little()
    summarise_journal()
    assert statements.broken_statements(limit=5) == []
    with committed_db.connect(SUPERUSER) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE daily_balances SET functional_debit = functional_debit + 1 WHERE rule = 'payment'")
    [first_break, *_] = statements.broken_statements(limit=5)
    assert first_break.document == "DE01"
    assert "assets are liabilities and equity" in first_break.found


def test_numbers_must_run_from_one_to_the_last() -> None:
    whole = SeriesUse("invoice", "INV-DE01-2026-", 3, 1, 3)
    assert numbering_breaks([whole], {"INV-DE01-2026-": 3}) == []
    for used, given in (
        ([SeriesUse("invoice", "INV-DE01-2026-", 2, 1, 3)], 3),
        ([SeriesUse("invoice", "INV-DE01-2026-", 2, 2, 3)], 3),
        ([whole], 4),
        ([], 1),
    ):
        [found] = numbering_breaks(used, {"INV-DE01-2026-": given})
        assert isinstance(found, Break)
        assert found.law == "numbers-gap-free"


def test_what_is_stuck_is_told_with_its_money(db: Database) -> None:
    traded = trade_a_little()
    late = TODAY.replace(month=6)
    found = {one.kind.code: one for one in stuck(today=late)}
    assert set(found) == {"invoices_overdue", "payments_unapplied", "unbilled"}
    assert dict(found["payments_unapplied"].money)["EUR"] == 40
    assert found["invoices_overdue"].count >= 3
    assert {one.kind.code for one in stuck(today=late, entity_ids=[traded.shop.world.boston])} == set()
    assert connection.in_atomic_block
