"""Reading issued invoices as their documents state them."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from cashline.flow.invoice.credits.rules import PayableLine
from cashline.flow.invoice.invoices.rules.einvoice import EInvoice
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.parties import party_of
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement, e_invoice_of
from cashline.flow.invoice.invoices.rules.totals import times_tax
from cashline.flow.invoice.taxes.rules import Withheld
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform import sql

_HEAD = (
    "SELECT i.id, i.number, i.issued_on, i.due_on, i.supply_on, i.currency, i.entity_id, i.customer_id, s.content, "
    "b.content, i.net_total, i.tax_total, i.gross_total, i.created_at, i.due_on - i.issued_on, "
    "coalesce(a.number, ''), coalesce(nullif(i.purchase_order, ''), a.purchase_order, ''), "
    "i.kind, i.credit_applied + i.prepaid_applied, "
    "(SELECT coalesce(jsonb_agg(jsonb_build_array(d.name, d.amount::text) "
    "ORDER BY d.id), '[]') FROM invoice_discounts d WHERE d.invoice_id = i.id), "
    "ARRAY(SELECT o.number FROM orders o WHERE o.agreement_id = a.id ORDER BY o.number), "
    "(SELECT e.currency FROM legal_entities e WHERE e.id = i.entity_id), i.entity_rate, "
    "(SELECT coalesce(jsonb_agg(jsonb_build_array(w.rate::text, w.reason, w.base::text, w.amount::text) "
    "ORDER BY w.id), '[]') FROM invoice_withholdings w WHERE w.invoice_id = i.id) "
    "FROM invoices i JOIN invoice_parties s ON s.id = i.seller_id JOIN invoice_parties b ON b.id = i.buyer_id "
    "LEFT JOIN agreements a ON a.id = i.agreement_id WHERE i.id = ANY(%s)"
)
_LINES = (
    "SELECT l.invoice_id, i.currency, l.id, l.line_no, l.line_id, coalesce(p.sku, ''), l.description, l.quantity, "
    "l.unit, l.unit_price, l.net_amount, l.tax_code, l.tax_rate, lower(l.period), upper(l.period), l.revision, "
    "l.derivation, l.meter, coalesce(l.details ->> 'subscription', ''), l.gross_amount "
    "FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id "
    "LEFT JOIN products p ON p.id = l.product_id WHERE l.invoice_id = ANY(%s) "
    "ORDER BY l.invoice_id, l.line_no"
)
_TAXES = (
    "SELECT t.invoice_id, i.currency, t.tax_code, t.rate, t.base, t.tax, t.reason, t.vatex, t.basis, t.discount "
    "FROM invoice_taxes t JOIN invoices i ON i.id = t.invoice_id "
    "WHERE t.invoice_id = ANY(%s) ORDER BY t.invoice_id, t.rate DESC, t.tax_code"
)


def statements_of(invoice_ids: Iterable[UUID]) -> dict[UUID, Statement]:
    """Issued invoices with their lines, taxes and parties; what is unknown or a draft is left out."""
    wanted = list(set(invoice_ids))
    lines, taxes = lines_of(wanted), taxes_of(wanted)
    return {row[0]: _statement(row, lines, taxes) for row in sql.fetch(_HEAD, (wanted,)) if row[1] is not None}


def statement_of(invoice_id: UUID) -> Statement:
    """One issued invoice; raises NotFound."""
    found = statements_of([invoice_id]).get(invoice_id)
    if found is None:
        raise NotFound(f"There is no issued invoice {invoice_id}.", field="invoice_id")
    return found


_PREVIOUS = (
    "SELECT p.id FROM invoices i CROSS JOIN LATERAL ("
    "SELECT x.id FROM invoices x WHERE x.agreement_id = i.agreement_id UNION ALL "
    "SELECT s.invoice_id FROM invoice_agreements o JOIN invoice_agreements s ON s.agreement_id = o.agreement_id "
    "WHERE o.invoice_id = i.id) c JOIN invoices p ON p.id = c.id AND p.currency = i.currency "
    "AND p.kind = i.kind AND p.number IS NOT NULL AND p.id < i.id AND p.issued_on <= i.issued_on WHERE i.id = %s "
    "AND NOT EXISTS (SELECT FROM credit_notes n WHERE n.invoice_id = p.id AND n.cause = 'void' "
    "AND n.created_at <= i.created_at) ORDER BY p.id DESC LIMIT 1"
)


def with_previous(statement: Statement) -> Statement:
    """The invoice with the one of the same agreement before it, as it stood when this one was issued."""
    row = sql.fetch_one(_PREVIOUS, (statement.id,))
    return statement if row is None else replace(statement, previous=statement_of(row[0]))


def e_invoice(invoice_id: UUID) -> EInvoice:
    """The invoice in the model of EN 16931; raises NotFound."""
    return e_invoice_of(statement_of(invoice_id))


def lines_of(invoice_ids: Iterable[UUID]) -> dict[UUID, list[StatedLine]]:
    """The lines of invoices in their order."""
    found: dict[UUID, list[StatedLine]] = {}
    for row in sql.fetch(_LINES, (list(invoice_ids),)):
        found.setdefault(row[0], []).append(stated_line(row[2:], row[1]))
    return found


def payable_lines(invoice_id: UUID) -> list[PayableLine]:
    """The lines of an invoice as wallets see them: what is to be paid of each, tax included, unrounded."""
    return [
        PayableLine(
            component,
            meter,
            (Fraction(net) - Fraction(share)) * times_tax(net, gross, rate),
        )
        for component, meter, net, share, rate, gross in sql.fetch(
            "SELECT component, meter, net_amount, discount_share, tax_rate, gross_amount FROM invoice_lines "
            "WHERE invoice_id = %s ORDER BY line_no",
            (invoice_id,),
        )
    ]


def taxes_of(invoice_ids: Iterable[UUID]) -> dict[UUID, list[StatedTax]]:
    """The taxes of invoices, the highest rate first."""
    found: dict[UUID, list[StatedTax]] = {}
    for row in sql.fetch(_TAXES, (list(invoice_ids),)):
        invoice_id, currency, code, rate, base, tax, reason, vatex, basis, discount = row
        stated = StatedTax(
            code,
            exact(rate),
            amount(base, currency),
            amount(tax, currency),
            reason,
            vatex,
            basis,
            amount(discount, currency),
        )
        found.setdefault(invoice_id, []).append(stated)
    return found


def stated_line(row: tuple[Any, ...], currency: str) -> StatedLine:
    """A line from its columns, numbers without the zeros that columns pad with; the last three may be left out."""
    key, line_no, line_id, sku, description, quantity, unit, unit_price, net, code, rate, start, end, revision, made = (
        row[:15]
    )
    period = Period(start, end) if start else None
    meter, subscription, gross = row[15:] or ("", "", None)
    return StatedLine(
        key, line_no, line_id, sku, description, exact(quantity), unit, exact(unit_price), amount(net, currency), code,
        exact(rate), period, revision, made, meter, subscription,
        None if gross is None else amount(gross, currency),
    )  # fmt: skip


def exact(number: Decimal) -> Decimal:
    """The same number without padding: 19, and not 19.0000000000."""
    return number.normalize() + 0


def amount(stored: Decimal, currency: str) -> Decimal:
    """An amount with the decimals of its currency."""
    return round_to(stored, minor_units(currency))


def _statement(
    row: tuple[Any, ...], lines: dict[UUID, list[StatedLine]], taxes: dict[UUID, list[StatedTax]]
) -> Statement:
    key, number, issued_on, due_on, supply_on, currency, entity_id, customer_id, seller, buyer = row[:10]
    net, tax, gross, created_at, days, agreement_number, purchase_order = row[10:17]
    kind, prepaid, discounts, order_numbers, entity_currency, entity_rate, withheld = row[17:]
    return Statement(
        id=key,
        is_credit_note=False,
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        supply_on=supply_on,
        currency=currency,
        entity_id=entity_id,
        customer_id=customer_id,
        seller=party_of(seller),
        buyer=party_of(buyer),
        lines=tuple(lines.get(key, ())),
        taxes=tuple(taxes.get(key, ())),
        net_total=amount(net, currency),
        tax_total=amount(tax, currency),
        gross_total=amount(gross, currency),
        created_at=created_at,
        payment_terms_days=days,
        agreement_number=agreement_number,
        purchase_order=purchase_order,
        order_numbers=tuple(order_numbers),
        kind=InvoiceKind(kind),
        discounts=tuple((name, amount(Decimal(value), currency)) for name, value in discounts),
        prepaid=amount(prepaid, currency),
        entity_currency=entity_currency,
        entity_rate=exact(entity_rate),
        withheld=tuple(
            Withheld(exact(Decimal(rate)), reason, *(amount(Decimal(value), currency) for value in (base, kept)))
            for rate, reason, base, kept in withheld
        ),
    )
