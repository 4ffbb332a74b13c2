"""Reading credit notes, and what can still be credited of invoices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, either, holding, linked, numbered, search
from cashline.flow.invoice.credit_notes.rules import CreditableInvoice, CreditableLine
from cashline.flow.invoice.invoices.queries.statements import amount, exact, stated_line
from cashline.flow.invoice.invoices.rules.parties import party_of
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement
from cashline.flow.invoice.taxes.rules import TaxRounding
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class CreditNoteRow:
    """A credit note as lists show it; `unapplied_amount` is what exceeded the open amount of its invoice."""

    id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    entity_id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    status: str
    cause: str
    reason: str
    issued_on: date
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    unapplied_amount: Decimal
    created_at: datetime


_HEAD = (
    "SELECT i.id, i.number, i.status, i.entity_id, i.customer_id, i.agreement_id, i.currency, i.issued_on, "
    "i.open_amount, i.entity_rate, b.content ? 'email', i.discount_total, i.gross_total, e.tax_rounding "
    "FROM invoices i JOIN invoice_parties b ON b.id = i.buyer_id JOIN legal_entities e ON e.id = i.entity_id "
    "WHERE i.id = ANY(%s) AND i.number IS NOT NULL ORDER BY i.id"
)
_CREDITABLE = (
    "SELECT l.invoice_id, l.id, l.line_no, l.line_id, l.description, l.quantity, l.unit_price, l.net_amount, "
    "l.tax_code, l.tax_rate, l.period IS NOT NULL, coalesce(c.net, 0), coalesce(c.tax, 0), l.discount_share, "
    "coalesce(c.discount, 0), l.agreement_id, l.gross_amount, coalesce(c.gross, 0) "
    "FROM invoice_lines l LEFT JOIN LATERAL (SELECT sum(x.net_amount) AS net, sum(x.gross_amount) AS gross, "
    "sum(x.tax_amount) AS tax, sum(x.discount_amount) AS discount FROM credit_note_lines x "
    "WHERE x.invoice_line_id = l.id) c ON true WHERE l.invoice_id = ANY(%s) ORDER BY l.invoice_id, l.line_no"
)


def creditable(invoice_ids: Iterable[UUID]) -> dict[UUID, CreditableInvoice]:
    """Issued invoices with what was credited of each line; an unknown id is left out."""
    return _creditable(invoice_ids, "")


def creditable_for_update(invoice_ids: Iterable[UUID]) -> dict[UUID, CreditableInvoice]:
    """The same, the invoices locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(invoice_ids)
    found = _creditable(wanted, " FOR NO KEY UPDATE OF i")
    if missing := wanted - found.keys():
        raise NotFound(f"There is no issued invoice {missing.pop()}.", field="invoice_id")
    return found


def _creditable(invoice_ids: Iterable[UUID], locking: str) -> dict[UUID, CreditableInvoice]:
    wanted = list(set(invoice_ids))
    heads = sql.fetch(_HEAD + locking, (wanted,))
    currencies = {row[0]: row[6] for row in heads}
    lines: dict[UUID, list[CreditableLine]] = {}
    for row in sql.fetch(_CREDITABLE, (wanted,)):
        if row[0] in currencies:
            lines.setdefault(row[0], []).append(_creditable_line(row[1:], currencies[row[0]]))
    taxes: dict[UUID, dict[tuple[str, Decimal], Decimal]] = {}
    for invoice_id, code, rate, tax in sql.fetch(
        "SELECT invoice_id, tax_code, rate, tax FROM invoice_taxes WHERE invoice_id = ANY(%s)", (wanted,)
    ):
        if invoice_id in currencies:
            taxes.setdefault(invoice_id, {})[code, exact(rate)] = amount(tax, currencies[invoice_id])
    return {row[0]: _creditable_invoice(row, lines.get(row[0], []), taxes.get(row[0], {})) for row in heads}


def _creditable_invoice(
    row: tuple[Any, ...], lines: list[CreditableLine], taxes: dict[tuple[str, Decimal], Decimal]
) -> CreditableInvoice:
    key, number, status, entity_id, customer_id, agreement_id, currency, issued_on, open_amount, rate = row[:10]
    has_mail, discount, gross, rounding = row[10:]
    return CreditableInvoice(
        key,
        number,
        status,
        entity_id,
        customer_id,
        agreement_id,
        currency,
        issued_on,
        amount(open_amount, currency),
        exact(rate),
        has_mail,
        lines,
        taxes,
        amount(discount, currency),
        amount(gross, currency),
        TaxRounding(rounding),
    )


def _creditable_line(row: tuple[Any, ...], currency: str) -> CreditableLine:
    key, line_no, line_id, description, quantity, unit_price, net, code, rate, recurring, credited, tax = row[:12]
    return CreditableLine(
        key,
        line_no,
        line_id,
        description,
        exact(quantity),
        exact(unit_price),
        amount(net, currency),
        code,
        exact(rate),
        recurring,
        amount(credited, currency),
        amount(tax, currency),
        exact(row[12]),
        amount(row[13], currency),
        row[14],
        None if row[15] is None else amount(row[15], currency),
        amount(row[16], currency),
    )


_NOTE = (
    "n.id, n.number, n.invoice_id, i.number, n.entity_id, n.customer_id, c.number, c.name, n.currency, n.status, "
    "n.cause, n.reason, n.issued_on, n.net_total, n.tax_total, n.gross_total, n.unapplied_amount, n.created_at"
)
_SOURCE = "credit_notes n JOIN invoices i ON i.id = n.invoice_id JOIN customers c ON c.id = n.customer_id"
SORTS = {
    "number": "n.number",
    "customer": "lower(c.name)",
    "issued_on": "n.issued_on",
    "gross_total": "n.gross_total",
}


def credit_notes_by_id(ids: Iterable[UUID]) -> dict[UUID, CreditNoteRow]:
    """The credit notes with those ids; an unknown id is left out."""
    rows = sql.fetch_as(CreditNoteRow, f"SELECT {_NOTE} FROM {_SOURCE} WHERE n.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def credit_note(credit_note_id: UUID) -> CreditNoteRow:
    """One credit note; raises NotFound."""
    found = credit_notes_by_id([credit_note_id]).get(credit_note_id)
    if found is None:
        raise NotFound(f"There is no credit note {credit_note_id}.", field="credit_note_id")
    return found


def credit_notes_by_number(numbers: Iterable[str]) -> dict[str, UUID]:
    """The ids of the credit notes with those numbers; an unknown number is left out."""
    return dict(sql.fetch("SELECT number, id FROM credit_notes WHERE number = ANY(%s)", (list(set(numbers)),)))


def credit_notes_of(invoice_ids: Iterable[UUID]) -> dict[UUID, list[CreditNoteRow]]:
    """The credit notes of invoices, oldest first."""
    found: dict[UUID, list[CreditNoteRow]] = {}
    for row in sql.fetch_as(
        CreditNoteRow,
        f"SELECT {_NOTE} FROM {_SOURCE} WHERE n.invoice_id = ANY(%s) ORDER BY n.id",
        (list(set(invoice_ids)),),
    ):
        found.setdefault(row.invoice_id, []).append(row)
    return found


def _meant(word: str) -> Meant | None:
    return either(
        numbered("credit_notes", "n", word, kind="credit_note"),
        linked("n.invoice_id", "invoices", "i", numbered("invoices", "i", word, kind="invoice")),
        holding("credit_notes", "n", word, ("reason",)),
    )


def list_credit_notes(
    ask: lists.Ask,
    *,
    words: str = "",
    causes: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
) -> Page[CreditNoteRow]:
    """One page of credit notes; `entity_ids` None means all legal entities."""
    conditions = lists.Conditions()
    conditions.add("n.number IS NOT NULL")
    conditions.among("n.entity_id", entity_ids, "uuid")
    conditions.among("n.cause", causes)
    search(conditions, words, customer="n.customer_id", own=_meant, sort=ask.sort)
    conditions.given("n.customer_id = %s", customer_id)
    conditions.given("n.issued_on >= %s", issued_from)
    conditions.given("n.issued_on < %s", issued_to)
    return lists.page(
        CreditNoteRow,
        columns=_NOTE,
        source=_SOURCE,
        key="n.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="credit_notes n",
    )


_STATEMENT = (
    "SELECT n.id, n.number, n.issued_on, n.currency, n.entity_id, n.customer_id, s.content, b.content, n.net_total, "
    "n.tax_total, n.gross_total, n.created_at, n.reason, i.number, i.issued_on, coalesce(a.number, ''), "
    "coalesce(a.purchase_order, ''), i.id, (SELECT e.currency FROM legal_entities e WHERE e.id = n.entity_id), "
    "n.entity_rate FROM credit_notes n JOIN invoices i ON i.id = n.invoice_id "
    "JOIN invoice_parties s ON s.id = i.seller_id JOIN invoice_parties b ON b.id = i.buyer_id "
    "LEFT JOIN agreements a ON a.id = i.agreement_id WHERE n.id = %s AND n.number IS NOT NULL"
)
_STATED_LINES = (
    "SELECT x.id, x.line_no, x.line_id, coalesce(p.sku, ''), x.description, x.quantity, l.unit, l.unit_price, "
    "x.net_amount, x.tax_code, x.tax_rate, lower(l.period), upper(l.period), l.revision, x.derivation, x.tax_amount, "
    "x.discount_amount "
    "FROM credit_note_lines x JOIN invoice_lines l ON l.id = x.invoice_line_id "
    "LEFT JOIN products p ON p.id = l.product_id WHERE x.credit_note_id = %s ORDER BY x.line_no"
)


def statement_of(credit_note_id: UUID) -> Statement:
    """One issued credit note as its documents state it; raises NotFound."""
    row = sql.fetch_one(_STATEMENT, (credit_note_id,))
    if row is None:
        raise NotFound(f"There is no issued credit note {credit_note_id}.", field="credit_note_id")
    currency = row[3]
    rows = sql.fetch(_STATED_LINES, (credit_note_id,))
    return Statement(
        id=row[0],
        is_credit_note=True,
        number=row[1],
        issued_on=row[2],
        due_on=None,
        supply_on=None,
        currency=currency,
        entity_id=row[4],
        customer_id=row[5],
        seller=party_of(row[6]),
        buyer=party_of(row[7]),
        lines=tuple(_stated(line, currency) for line in rows),
        taxes=tuple(_taxes(rows, row[17], currency)),
        net_total=amount(row[8], currency),
        tax_total=amount(row[9], currency),
        gross_total=amount(row[10], currency),
        created_at=row[11],
        reason=row[12],
        preceding=(row[13], row[14]),
        agreement_number=row[15],
        purchase_order=row[16],
        entity_currency=row[18],
        entity_rate=exact(row[19]),
    )


def _stated(row: tuple[Any, ...], currency: str) -> StatedLine:
    return stated_line(row[:-2], currency)


def _taxes(rows: Sequence[tuple[Any, ...]], invoice_id: UUID, currency: str) -> list[StatedTax]:
    """The tax by code and rate: the sums of the lines, and the words of the invoice's own decision."""
    words = {
        (code, exact(rate)): (reason, vatex, basis)
        for code, rate, reason, vatex, basis in sql.fetch(
            "SELECT tax_code, rate, reason, vatex, basis FROM invoice_taxes WHERE invoice_id = %s", (invoice_id,)
        )
    }
    sums: dict[tuple[str, Decimal], tuple[Decimal, Decimal, Decimal]] = {}
    for row in rows:
        key = (row[9], exact(row[10]))
        base, tax, discount = sums.get(key, (Decimal(0), Decimal(0), Decimal(0)))
        sums[key] = (base + row[8] - row[16], tax + row[15], discount + row[16])
    return [
        StatedTax(
            code, rate, amount(base, currency), amount(tax, currency), *words[code, rate], amount(discount, currency)
        )
        for (code, rate), (base, tax, discount) in sums.items()
    ]
