"""What documents bring to the books where the event does not carry it all: one query a kind of document."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.ledger.rules.events import how
from cashline.flow.recognise.ledger.rules.posting import Fact, FactAmount
from cashline.platform import sql

_ONE = Decimal(1)


def stock_facts(move_ids: Sequence[UUID]) -> list[Fact]:
    """The value of stock that came in or was corrected, as inventory valued it (the entity's currency)."""
    rows = sql.fetch(
        "SELECT m.id, w.entity_id, e.currency, m.moved_on, p.sku, m.value FROM stock_moves m "
        "JOIN warehouses w ON w.id = m.warehouse_id JOIN legal_entities e ON e.id = w.entity_id "
        "JOIN products p ON p.id = m.product_id WHERE m.id = ANY(%s) ORDER BY m.id",
        (list(move_ids),),
    )
    return [
        Fact(entity, currency, _ONE, day, key, sku, None, None, (FactAmount("cost", value),))
        for key, entity, currency, day, sku, value in rows
    ]


def credit_note_facts(credit_note_ids: Sequence[UUID]) -> list[Fact]:
    """What each credit note takes off its invoice, what it leaves as credit of the customer, net and tax.

    The net is that of each agreement where the invoice is over several.
    """
    facts: list[Fact] = []
    for row in sql.fetch(_CREDIT_NOTES, (list(credit_note_ids),)):
        key, entity, currency, rate, day, number, customer, agreement, gross, unapplied = row[:10]
        net, tax, invoice, held, earned, parts = row[10:]
        nets = [FactAmount("net", Decimal(part), UUID(of)) for of, part in parts or ()]
        if parts:
            earned = Decimal(0)
        amounts = (
            FactAmount("settled", gross - unapplied, invoice, held),
            FactAmount("unapplied", unapplied, key, rate),
            *(nets or [FactAmount("net", net - earned)]),
            FactAmount("earned_at_once", earned),
            FactAmount("tax", tax),
        )
        facts.append(Fact(entity, currency, rate, day, key, number, customer, agreement, amounts))
    return facts


_CREDIT_NOTES = (
    "SELECT c.id, c.entity_id, c.currency, c.entity_rate, c.issued_on, c.number, c.customer_id, i.agreement_id, "
    "c.gross_total, c.unapplied_amount, c.net_total, c.tax_total, i.id, i.entity_rate, "
    "CASE WHEN i.agreement_id IS NULL AND i.kind <> 'deposit' THEN c.net_total - coalesce((SELECT sum(x.net_amount) "
    "FROM credit_note_lines x JOIN invoice_lines l ON l.id = x.invoice_line_id AND l.component = 'deduction' "
    "WHERE x.credit_note_id = c.id), 0) ELSE 0 END, "
    "CASE WHEN i.agreement_id IS NULL THEN (SELECT jsonb_agg(jsonb_build_array(s.agreement_id, s.net::text)) FROM ("
    "SELECT l.agreement_id, sum(x.net_amount - x.discount_amount) AS net FROM credit_note_lines x "
    "JOIN invoice_lines l ON l.id = x.invoice_line_id WHERE x.credit_note_id = c.id AND l.agreement_id IS NOT NULL "
    "GROUP BY 1 ORDER BY 1) s) END "
    "FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id WHERE c.id = ANY(%s) ORDER BY c.id"
)
_PAYMENT = "p.id, p.entity_id, p.currency, p.entity_rate, p.number, p.customer_id, p.method"


def allocation_facts(allocation_ids: Sequence[UUID]) -> list[Fact]:
    """What later allocations of payments moved; a negative one takes an earlier one back."""
    rows = sql.fetch(
        f"SELECT a.id, a.applied_on, a.amount, a.write_off_amount, a.invoice_id, i.entity_rate, {_PAYMENT} "
        "FROM payment_allocations a JOIN payments p ON p.id = a.payment_id JOIN invoices i ON i.id = a.invoice_id "
        "WHERE a.id = ANY(%s) ORDER BY a.id",
        (list(allocation_ids),),
    )
    return [_allocation_fact(row) for row in rows]


def _allocation_fact(row: Sequence[Any]) -> Fact:
    key, day, applied, written_off, invoice, held, payment, entity, currency, rate, number, customer, _ = row
    amounts = (
        FactAmount("applied", applied, payment, rate),
        FactAmount("written_off", written_off),
        FactAmount("settled", applied + written_off, invoice, held),
    )
    return Fact(entity, currency, rate, day, key, number, customer, None, amounts)


def refund_facts(refund_ids: Sequence[UUID]) -> list[Fact]:
    """What was given back of payments."""
    rows = sql.fetch(
        f"SELECT r.id, r.refunded_on, r.amount, {_PAYMENT} FROM refunds r "
        "JOIN payments p ON p.id = r.payment_id WHERE r.id = ANY(%s) ORDER BY r.id",
        (list(refund_ids),),
    )
    facts: list[Fact] = []
    for key, day, amount, payment, entity, currency, rate, number, customer, method in rows:
        amounts = (FactAmount("refunded", amount, payment, rate), FactAmount(f"paid_{how(method)}", amount))
        facts.append(Fact(entity, currency, rate, day, key, number, customer, None, amounts))
    return facts
