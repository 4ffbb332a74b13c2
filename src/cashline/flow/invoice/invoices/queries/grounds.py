"""What issuing looks up, for any number of drafts in two statements, and one more for each thing that few have.

Those are: another currency, coupons, credits and withholding of a customer, drafts without an agreement, deductions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from cashline.flow.agree.coupons.queries import USABLE, coupons_for
from cashline.flow.invoice.credits.queries import open_credits
from cashline.flow.invoice.invoices.rules.drafts import (
    Buyer,
    DeductedInvoice,
    DeductedTax,
    DraftInvoice,
    Grounds,
    Seller,
    Terms,
)
from cashline.flow.invoice.invoices.rules.parties import Party, PostalAddress, party_json
from cashline.flow.invoice.taxes.queries import rate_table, withholding_terms
from cashline.flow.invoice.taxes.rules import Certificate, TaxDecision, TaxRounding
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import Entity, known_exchange_rates

_ADDRESS = "{0}.name, {0}.street, {0}.postcode, {0}.city, {0}.region, {0}.country"
_BUYER = (
    "c.id, c.number, c.name, c.email, c.phone, c.country, c.locale, c.tax_id, c.tax_id_checked, c.tax_exempt_reason, "
    f"{_ADDRESS.format('b')}, {_ADDRESS.format('s')}, {', '.join(f'e.{field.name}' for field in fields(Entity))}, "
    "(SELECT jsonb_agg(jsonb_build_array(t.country, t.number, t.reason, lower(t.valid), upper(t.valid)) ORDER BY t.id) "
    "FROM exemption_certificates t WHERE t.customer_id = c.id), "
    f"EXISTS (SELECT FROM coupon_grants g WHERE g.customer_id = c.id AND {USABLE}), "
    "EXISTS (SELECT FROM customer_credits x WHERE x.customer_id = c.id AND x.balance > 0), "
    "EXISTS (SELECT FROM withholding_rates w WHERE w.customer_id = c.id) "
)
_PLACES = (
    "LEFT JOIN customer_addresses b ON b.customer_id = c.id AND b.role = 'bill_to' "
    "LEFT JOIN customer_addresses s ON s.customer_id = c.id AND s.role = 'ship_to' "
)
# Terms, buyers, sellers and orders are read in one statement: a bill run for one order must cost few.
_TERMS = (
    "SELECT a.id, a.payment_terms_days, ARRAY(SELECT o.id FROM orders o WHERE o.agreement_id = a.id ORDER BY o.id), "
    f"{_BUYER} FROM agreements a JOIN customers c ON c.id = a.customer_id JOIN legal_entities e ON e.id = a.entity_id "
    f"{_PLACES} WHERE a.id = ANY(%s::uuid[])"
)
_ONE_OFF = (
    f"SELECT NULL::uuid, c.payment_terms_days, ARRAY[]::uuid[], {_BUYER} FROM (SELECT DISTINCT t.customer_id, "
    "t.entity_id FROM unnest(%s::uuid[], %s::uuid[]) AS t(customer_id, entity_id)) d "
    f"JOIN customers c ON c.id = d.customer_id JOIN legal_entities e ON e.id = d.entity_id {_PLACES}"
)
_DEDUCTED = (
    "SELECT i.id, i.number, i.customer_id, i.entity_id, i.currency, i.kind, i.status, i.issued_on, d.invoice_id, "
    "t.tax_code, t.rate, t.reason, t.vatex, t.basis, t.base - coalesce(c.net, 0), t.tax - coalesce(c.tax, 0) "
    "FROM invoices i JOIN invoice_taxes t ON t.invoice_id = i.id "
    "LEFT JOIN invoice_deductions d ON d.deducted_id = i.id AND NOT d.released "
    "LEFT JOIN LATERAL (SELECT sum(x.net_amount - x.discount_amount) AS net, sum(x.tax_amount) AS tax "
    "FROM credit_note_lines x JOIN invoice_lines l ON l.id = x.invoice_line_id "
    "WHERE l.invoice_id = i.id AND l.tax_code = t.tax_code AND l.tax_rate = t.rate) c ON true "
    "WHERE i.id = ANY(%s) AND i.number IS NOT NULL ORDER BY i.id, t.rate DESC, t.tax_code"
)


@dataclass(frozen=True, slots=True)
class FoundGrounds:
    """The grounds, and the stored form of each party by its id."""

    grounds: Grounds
    parties: Mapping[UUID, str]


def grounds_of(drafts: Sequence[DraftInvoice], *, for_update: bool = False) -> FoundGrounds:
    """All that preparing those drafts needs; raises NotFound where an agreement or a customer does not exist.

    `for_update` holds the coupons and credits of their customers, and the invoices that they take off, still until the
    commit, each in key order.
    """
    terms: dict[UUID, Terms] = {}
    buyers: dict[UUID, Buyer] = {}
    sellers: dict[UUID, Seller] = {}
    parties: dict[UUID, str] = {}
    with_coupons: set[UUID] = set()
    with_credits: set[UUID] = set()
    withholding: set[UUID] = set()
    for row in _rows(drafts):
        customer = row[3]
        terms[row[0] or customer] = Terms(row[0], row[1], tuple(row[2]))
        if customer not in buyers:
            buyers[customer] = _buyer(row, parties)
            for has_some, those in zip(row[-3:], (with_coupons, with_credits, withholding), strict=True):
                if has_some:
                    those.add(customer)
        if row[25] not in sellers:
            sellers[row[25]] = _seller(Entity(*row[25:-4]), parties)
    _require_all(drafts, terms, sellers)
    countries = {seller.country for seller in sellers.values()}
    countries |= {place for buyer in buyers.values() for place in (buyer.country, buyer.ship_to_country)}
    pairs = {(draft.currency, sellers[draft.entity_id].currency, draft.issued_on) for draft in drafts}
    foreign = {pair for pair in pairs if pair[0] != pair[1]}
    deducts = [key for draft in drafts for key in draft.deducts]
    grounds = Grounds(
        terms,
        buyers,
        sellers,
        rate_table(countries),
        known_exchange_rates(foreign),
        coupons_for(with_coupons, for_update=for_update) if with_coupons else {},
        open_credits(with_credits, for_update=for_update) if with_credits else {},
        _deducted(deducts, for_update=for_update) if deducts else {},
        withholding_terms(withholding) if withholding else {},
    )
    return FoundGrounds(grounds, parties)


def _rows(drafts: Sequence[DraftInvoice]) -> list[tuple[Any, ...]]:
    agreements = {draft.agreement_id for draft in drafts if draft.agreement_id is not None}
    one_off = {(draft.customer_id, draft.entity_id) for draft in drafts if draft.agreement_id is None}
    rows = sql.fetch(_TERMS, (sql.uuids(agreements),)) if agreements else []
    if one_off:
        customers, entities = zip(*one_off, strict=True)
        rows += sql.fetch(_ONE_OFF, (list(customers), list(entities)))
    return rows


def _require_all(drafts: Sequence[DraftInvoice], terms: Mapping[UUID, Terms], sellers: Mapping[UUID, Seller]) -> None:
    for draft in drafts:
        if draft.agreement_id is not None and draft.agreement_id not in terms:
            raise NotFound(f"There is no agreement {draft.agreement_id}.", field="agreement_id")
        if draft.agreement_id is None and (draft.customer_id not in terms or draft.entity_id not in sellers):
            raise NotFound("There is no such customer, or no such legal entity.", field="customer_id")


def _deducted(invoice_ids: Sequence[UUID], *, for_update: bool) -> dict[UUID, DeductedInvoice]:
    """Earlier invoices with what they charged and have not given back, by code and rate."""
    if for_update:
        sql.execute("SELECT FROM invoices WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(invoice_ids),))
    found: dict[UUID, DeductedInvoice] = {}
    for row in sql.fetch(_DEDUCTED, (list(invoice_ids),)):
        digits = minor_units(row[4])
        decision = TaxDecision(row[9], row[10].normalize() + 0, *row[11:14])
        tax = DeductedTax(decision, round_to(row[14], digits), round_to(row[15], digits))
        known = found.get(row[0])
        before = known.taxes if known else ()
        found[row[0]] = DeductedInvoice._make((*row[:9], (*before, tax)))
    return found


def _buyer(row: tuple[Any, ...], parties: dict[UUID, str]) -> Buyer:
    customer_id, number, name, email, phone, country, locale, tax_id, checked, exempt = row[3:13]
    bill_to = PostalAddress(*row[13:19]) if row[18] else PostalAddress(country=country)
    ship_to = PostalAddress(*row[19:25]) if row[24] else None
    vat_id = tax_id if checked and tax_id[:2].isalpha() else ""
    party = Party(
        bill_to.name or name, number, bill_to, ship_to, tax_id, vat_id, email=email, phone=phone, locale=locale
    )
    key, content = party_json(party)
    parties[key] = content
    held = tuple(
        Certificate(held_in, held_as, why, date.fromisoformat(since), date.fromisoformat(until) if until else None)
        for held_in, held_as, why, since, until in row[-4] or ()
    )
    return Buyer(customer_id, country, (ship_to or bill_to).country, vat_id, exempt, email, key, held)


def _seller(entity: Entity, parties: dict[UUID, str]) -> Seller:
    party = Party(
        entity.name,
        entity.code,
        PostalAddress("", entity.street, entity.postcode, entity.city, "", entity.country),
        None,
        entity.tax_id,
        entity.tax_id if entity.tax_id[:2].isalpha() else "",
        entity.registration,
        entity.email,
        entity.phone,
        entity.website,
        entity.iban,
        entity.bic,
        brand_color=entity.brand_color,
    )
    key, content = party_json(party)
    parties[key] = content
    rounding = TaxRounding(entity.tax_rounding)
    return Seller(entity.id, entity.code, entity.country, entity.currency, key, rounding)
