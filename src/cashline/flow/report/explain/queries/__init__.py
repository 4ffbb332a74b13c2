"""Explaining amounts: each kind of document reads its own derivation and names what it was made from."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.contracts.queries import agreements_by_id
from cashline.flow.agree.quotes.queries import quote, quote_line, quotes_of_versions
from cashline.flow.invoice.invoices.rules.explaining import tax_derivation
from cashline.flow.recognise.ledger.queries.entries import EntryRow, entry
from cashline.flow.recognise.revenue.queries import posting
from cashline.flow.recognise.revenue.queries.arrangements import arrangement, arrangement_posting
from cashline.flow.report.explain.queries.beside import book_entry_explained
from cashline.flow.report.explain.rules import (
    Explanation,
    Source,
    credits_of,
    debits_of,
    read_id,
    total_of,
    what_is_left,
)
from cashline.kernel.derivations import Derivation
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound
from cashline.kernel.writing import write_day, write_money
from cashline.platform import sql

_ZERO = Decimal(0)


def explain(public_id: str) -> Explanation:
    """Why the amount of a document is what it is; raises NotFound for what is not there or has no amount."""
    kind, key = read_id(public_id)
    return _BY_KIND[kind](key)


def entity_of(explanation: Explanation) -> UUID:
    """The legal entity whose amount is explained, for doors to ask whether the caller may see it."""
    return UUID(str(_row(explanation.kind, explanation.id, _ENTITY[explanation.kind])[0]))


def _row(kind: str, key: UUID, statement: str) -> tuple[Any, ...]:
    """The row of what is explained; raises NotFound."""
    row = sql.fetch_one(statement, (key,))
    if row is None:
        raise NotFound(f"There is no {kind.replace('_', ' ')} {key}.", field="id")
    return row


def _quote_line(key: UUID) -> Explanation:
    row = quote_line(key)
    whole = quote(quotes_of_versions([row.version_id])[row.version_id])
    return Explanation(
        "quote_line",
        key,
        f"{whole.number}, line {row.line_no}: {row.description}",
        whole.currency,
        row.net_total,
        Derivation.from_json(row.derivation),
        (Source("quote", whole.id, whole.number), Source("product", row.product_id, row.sku)),
    )


def _invoice(key: UUID) -> Explanation:
    row = _row(
        "invoice",
        key,
        "SELECT i.number, i.currency, i.gross_total, (SELECT jsonb_agg(jsonb_build_array(a.id, a.number) "
        "ORDER BY a.id) FROM (SELECT i.agreement_id AS id UNION ALL SELECT s.agreement_id FROM invoice_agreements s "
        "WHERE s.invoice_id = i.id) o JOIN agreements a ON a.id = o.id), i.customer_id, c.name, "
        "i.discount_total FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE i.id = %s",
    )
    number, currency, gross, agreements, customer, name, discount = row
    lines = [
        Derivation.from_json(shape)
        for (shape,) in sql.fetch("SELECT derivation FROM invoice_lines WHERE invoice_id = %s ORDER BY line_no", (key,))
    ]
    taxes = [_tax(currency, *tax) for tax in sql.fetch(_TAXES, (key,))]
    sources = [Source("agreement", UUID(of), words) for of, words in agreements or ()]
    return Explanation(
        "invoice",
        key,
        f"Invoice {number}",
        currency,
        gross,
        total_of("invoices.gross", [("lines", lines), *_coupons(-discount), ("taxes", taxes)]),
        (*sources, Source("customer", customer, name)),
        (("Open amount", what_is_left(gross, _settled(key))),),
    )


def _coupons(amount: Decimal) -> list[tuple[str, list[Derivation]]]:
    """The coupons as a group of their own; none where nothing is taken off."""
    taken = Derivation("invoices.coupons", 1, {"coupons": amount}, "coupons", amount, "what the coupons come to")
    return [("coupons", [taken])] if amount else []


_TAXES = "SELECT rate, base, tax, reason FROM invoice_taxes WHERE invoice_id = %s ORDER BY tax_code, rate"


def _tax(currency: str, rate: Decimal, base: Decimal, tax: Decimal, reason: str) -> Derivation:
    return tax_derivation(base, rate, tax, minor_units(currency), reason)


def _settled(invoice_id: UUID) -> dict[str, Decimal]:
    row = sql.fetch_one(
        "SELECT (SELECT COALESCE(sum(gross_total - unapplied_amount), 0) FROM credit_notes WHERE invoice_id = %(id)s "
        "AND status = 'issued'), COALESCE(sum(amount), 0), COALESCE(sum(write_off_amount), 0), "
        "(SELECT COALESCE(-sum(amount), 0) FROM credit_movements WHERE invoice_id = %(id)s) - "
        "(SELECT COALESCE(sum(amount), 0) FROM customer_credits WHERE document_id = %(id)s AND kind = 'invoice') "
        "FROM payment_allocations WHERE invoice_id = %(id)s",
        {"id": invoice_id},
    )
    credited, paid, written_off, by_credit = row or (_ZERO, _ZERO, _ZERO, _ZERO)
    found = {"credited": credited, "paid": paid, "written_off": written_off}
    return found | {"paid_by_credit": by_credit} if by_credit else found


def _invoice_line(key: UUID) -> Explanation:
    row = _row(
        "invoice_line",
        key,
        "SELECT i.id, i.number, i.currency, l.line_no, l.description, l.net_amount, l.derivation, l.source_id, "
        "d.kind, d.effective_on, d.quantity, a.id, a.number, l.period FROM invoice_lines l JOIN invoices i "
        "ON i.id = l.invoice_id LEFT JOIN agreements a ON a.id = coalesce(l.agreement_id, i.agreement_id) "
        "LEFT JOIN LATERAL (SELECT kind, effective_on, quantity FROM deliveries d WHERE d.line_id = l.line_id "
        "AND (d.id = l.source_id OR d.source_id = l.source_id) LIMIT 1) d ON true WHERE l.id = %s",
    )
    invoice, number, currency, line_no, description, net, shape, source, kind, day, quantity, agreement, of, period = (
        row
    )
    sources = [Source("invoice", invoice, number)]
    if kind:
        sources.append(Source("delivery", source, f"{quantity.normalize():f} {kind} on {_day(day)}"))
    elif period:
        sources.append(
            Source("subscription", source, f"service from {_day(period.lower)}, ended before {_day(period.upper)}")
        )
    if agreement:
        sources.append(Source("agreement", agreement, of))
    return Explanation(
        "invoice_line",
        key,
        f"Invoice {number}, line {line_no}: {description}",
        currency,
        net,
        Derivation.from_json(shape),
        tuple(sources),
        period=Period(period.lower, period.upper) if period else None,
    )


def _credit_note(key: UUID) -> Explanation:
    row = _row(
        "credit_note",
        key,
        "SELECT c.number, c.currency, c.gross_total, c.invoice_id, i.number, c.reason, c.discount_total "
        "FROM credit_notes c "
        "JOIN invoices i ON i.id = c.invoice_id WHERE c.id = %s",
    )
    number, currency, gross, invoice, invoice_number, reason, discount = row
    rows = sql.fetch(
        "SELECT derivation, tax_rate, net_amount, tax_amount FROM credit_note_lines WHERE credit_note_id = %s "
        "ORDER BY line_no",
        (key,),
    )
    lines = [Derivation.from_json(shape) for shape, *_ in rows]
    taxes = [
        Derivation(
            "credit_notes.tax", 1, {"tax": tax}, "tax", tax, f"the tax of {net} at {rate.normalize():f} %, shared"
        )
        for _, rate, net, tax in rows
    ]
    return Explanation(
        "credit_note",
        key,
        f"Credit note {number}: {reason}",
        currency,
        gross,
        total_of("credit_notes.gross", [("lines", lines), *_coupons(-discount), ("taxes", taxes)]),
        (Source("invoice", invoice, invoice_number),),
    )


def _obligation(key: UUID) -> Explanation:
    row = _row(
        "obligation",
        key,
        "SELECT o.line_id, o.agreement_id, a.number, a.currency, o.allocated_price, o.derivation, l.line_no, "
        "l.description, l.id FROM obligations o JOIN agreements a ON a.id = o.agreement_id JOIN LATERAL "
        "(SELECT * FROM agreement_lines t WHERE t.line_id = o.line_id ORDER BY lower(t.valid) DESC LIMIT 1) l ON true "
        "WHERE o.id = %s",
    )
    _, agreement, number, currency, allocated, shape, line_no, description, line = row
    derivation = Derivation.from_json(shape)
    if derivation.result != allocated:
        change = {"first": derivation.result, "changed": allocated - derivation.result}
        derivation = Derivation(
            "revenue.reallocated", 1, change, "first + changed", allocated, derivation.note, (derivation,)
        )
    return Explanation(
        "obligation",
        key,
        f"{number}, line {line_no}: {description}",
        currency,
        allocated,
        derivation,
        (
            Source("agreement", agreement, number),
            Source("agreement_line", line, f"{line_no}. {description}", ("agreement", agreement)),
        ),
    )


_BILLED_FOR = (
    "SELECT i.id, i.number FROM subscription_charges c JOIN invoice_lines l ON l.id = c.invoice_line_id "
    "JOIN invoices i ON i.id = l.invoice_id WHERE c.subscription_id = %(line)s AND c.starts_on <= %(last)s "
    "AND c.ends_on > %(month)s UNION SELECT i.id, i.number FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id "
    "WHERE l.id = %(line)s ORDER BY 2"
)
"""The invoices that billed a subscription for days of a month, or an item."""


_RECORDED_BY = {"shipped": "shipment", "accepted": "installation"}
"""The document that a delivery fact was recorded by; the others are of subscriptions."""


def _clause(line_id: UUID, agreement_id: UUID) -> list[Source]:
    """The line of the contract, as it stands last."""
    rows = sql.fetch(
        "SELECT id, line_no, description FROM agreement_lines WHERE line_id = %s ORDER BY lower(valid) DESC LIMIT 1",
        (line_id,),
    )
    if rows:
        return [
            Source("agreement_line", key, f"{number}. {words}", ("agreement", agreement_id))
            for key, number, words in rows
        ]
    lives = sql.fetch("SELECT id, number FROM subscriptions WHERE %s IN (id, line_id)", (line_id,))
    return [Source("subscription", key, number) for key, number in lives]


def _deliveries(line_id: UUID, known_by: datetime) -> list[Source]:
    """What was delivered of a line and known by then, each to be seen at the document that recorded it."""
    facts = sql.fetch(
        "SELECT id, kind, quantity, effective_on, source_id FROM deliveries WHERE line_id = %s AND known_at <= %s "
        "ORDER BY id",
        (line_id, known_by),
    )
    return [
        Source(
            "delivery",
            key,
            f"{count.normalize():f} {kind} on {_day(day)}",
            (_RECORDED_BY.get(kind, "subscription"), by),
        )
        for key, kind, count, day, by in facts
    ]


def _day(day: date) -> str:
    return write_day(day, "en")


def _revenue_posting(key: UUID) -> Explanation:
    row = posting(key)
    obligations = sql.fetch(
        "SELECT id FROM obligations WHERE line_id = %s AND created_at <= %s ORDER BY version DESC LIMIT 1",
        (row.line_id, row.created_at),
    )
    of_month = {"line": row.line_id, "month": row.month, "last": row.through}
    return Explanation(
        "revenue_posting",
        key,
        f"Revenue of {row.agreement_number} in {row.month:%B %Y}: {row.description}",
        row.currency,
        row.amount,
        Derivation.from_json(row.derivation),
        (
            *(Source("obligation", obligation, "allocated price") for (obligation,) in obligations),
            *_clause(row.line_id, row.agreement_id),
            *_deliveries(row.line_id, row.created_at),
            *(Source("invoice", invoice, number) for invoice, number in sql.fetch(_BILLED_FOR, of_month)),
            Source("journal_entry", row.entry_id, f"entry of {_day(row.entry_day)}"),
            Source("agreement", row.agreement_id, row.agreement_number),
        ),
    )


def _arrangement_posting(key: UUID) -> Explanation:
    row = arrangement_posting(key)
    of = arrangement(row.arrangement_id)
    words = " ".join(word for word in (row.account.replace("_", " "), row.subject, row.nature) if word)
    return Explanation(
        "arrangement_posting",
        key,
        f"{words} of {of.number} on {_day(row.day)}",
        of.currency,
        row.amount,
        Derivation.from_json(row.derivation),
        (
            Source("revenue_arrangement", of.id, of.number),
            Source("journal_entry", row.entry_id, f"entry of {_day(row.entry_day)}"),
        ),
    )


def _journal_entry(key: UUID) -> Explanation:
    row = entry(key)
    lines = [(f"{line.account_code} {line.account_name}", line.amount, ()) for line in row.lines]
    return Explanation(
        "journal_entry",
        key,
        f"{row.text} ({row.rule})",
        row.currency,
        row.total,
        debits_of(lines),
        _entry_sources(row),
        (("Credits", credits_of(lines)),),
    )


def _entry_sources(row: EntryRow) -> tuple[Source, ...]:
    """The document that was posted, and those whose balances it moved."""
    found = [Source(row.source_type, row.source_id, row.text)]
    if row.source_type == "revenue_posting":
        found = _revenue_sources(row)
    if row.source_type == "arrangement_posting":
        return tuple(
            Source("arrangement_posting", key, f"{account.replace('_', ' ')} {amount.normalize():f}")
            for key, account, amount in sql.fetch(
                "SELECT id, account, amount FROM arrangement_postings WHERE entry_id = %s AND arrangement_id = "
                "(SELECT arrangement_id FROM arrangement_postings WHERE id = %s) ORDER BY id",
                (row.id, row.source_id),
            )
        )
    agreements = agreements_by_id(line.agreement_id for line in row.lines if line.agreement_id)
    found += [Source("agreement", one.id, one.number) for one in agreements.values()]
    return tuple(found)


MOST_POSTINGS = 10
"""Of so many amounts of a revenue entry the clauses and deliveries are named; the others lead to them."""


def _revenue_sources(row: EntryRow) -> list[Source]:
    """The amounts of an entry of revenue, with the clauses and the deliveries behind the first of them."""
    agreements = [line.agreement_id for line in row.lines if line.agreement_id]
    postings = sql.fetch(
        "SELECT id, amount, line_id, agreement_id, created_at FROM revenue_postings WHERE entry_id = %s "
        "AND agreement_id = ANY(%s) ORDER BY id",
        (row.id, agreements),
    )
    found: list[Source] = []
    for place, (key, amount, line_id, agreement_id, at) in enumerate(postings):
        found.append(Source("revenue_posting", key, write_money(amount, row.currency)))
        if place < MOST_POSTINGS:
            found += [*_clause(line_id, agreement_id), *_deliveries(line_id, at)]
    return found


_BY_KIND: dict[str, Callable[[UUID], Explanation]] = {
    "quote_line": _quote_line,
    "invoice": _invoice,
    "invoice_line": _invoice_line,
    "credit_note": _credit_note,
    "obligation": _obligation,
    "revenue_posting": _revenue_posting,
    "arrangement_posting": _arrangement_posting,
    "journal_entry": _journal_entry,
    "book_entry": book_entry_explained,
}
_ENTITY: dict[str, Any] = {
    "book_entry": "SELECT entity_id FROM book_entries WHERE id = %s",
    "arrangement_posting": "SELECT a.entity_id FROM arrangement_postings p "
    "JOIN revenue_arrangements a ON a.id = p.arrangement_id WHERE p.id = %s",
    "quote_line": "SELECT q.entity_id FROM quote_lines l JOIN quote_versions v ON v.id = l.version_id "
    "JOIN quotes q ON q.id = v.quote_id WHERE l.id = %s",
    "invoice": "SELECT entity_id FROM invoices WHERE id = %s",
    "invoice_line": "SELECT i.entity_id FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE l.id = %s",
    "credit_note": "SELECT entity_id FROM credit_notes WHERE id = %s",
    "obligation": "SELECT a.entity_id FROM obligations o JOIN agreements a ON a.id = o.agreement_id WHERE o.id = %s",
    "revenue_posting": "SELECT a.entity_id FROM revenue_postings p JOIN agreements a ON a.id = p.agreement_id "
    "WHERE p.id = %s",
    "journal_entry": "SELECT entity_id FROM journal_entries WHERE id = %s",
}
