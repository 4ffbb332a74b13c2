"""What issuing looks up, for any number of drafts in two statements (three where currencies differ)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from cashline.flow.invoice.invoices.rules.issuing import Buyer, DraftInvoice, Grounds, Seller, Terms
from cashline.flow.invoice.invoices.rules.parties import Party, PostalAddress, party_json
from cashline.flow.invoice.taxes.queries import rate_table
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.company.queries import Entity, MissingRate, exchange_rates

_ADDRESS = "{0}.name, {0}.street, {0}.postcode, {0}.city, {0}.region, {0}.country"
# Terms, buyers, sellers and orders are read in one statement: a bill run for one order must cost few.
_TERMS = (
    "SELECT a.id, a.payment_terms_days, ARRAY(SELECT o.id FROM orders o WHERE o.agreement_id = a.id ORDER BY o.id), "
    "c.id, c.number, c.name, c.email, c.phone, c.country, c.locale, c.tax_id, c.tax_id_checked, c.tax_exempt_reason, "
    f"{_ADDRESS.format('b')}, {_ADDRESS.format('s')}, {', '.join(f'e.{field.name}' for field in fields(Entity))} "
    "FROM agreements a JOIN customers c ON c.id = a.customer_id JOIN legal_entities e ON e.id = a.entity_id "
    "LEFT JOIN customer_addresses b ON b.customer_id = c.id AND b.role = 'bill_to' "
    "LEFT JOIN customer_addresses s ON s.customer_id = c.id AND s.role = 'ship_to' WHERE a.id = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class FoundGrounds:
    """The grounds, and the stored form of each party by its id."""

    grounds: Grounds
    parties: Mapping[UUID, str]


def grounds_of(drafts: Sequence[DraftInvoice]) -> FoundGrounds:
    """All that preparing those drafts needs; raises NotFound where an agreement does not exist."""
    terms: dict[UUID, Terms] = {}
    buyers: dict[UUID, Buyer] = {}
    sellers: dict[UUID, Seller] = {}
    parties: dict[UUID, str] = {}
    wanted = {draft.agreement_id for draft in drafts}
    for row in sql.fetch(_TERMS, (list(wanted),)):
        terms[row[0]] = Terms(row[0], row[1], tuple(row[2]))
        if row[3] not in buyers:
            buyers[row[3]] = _buyer(row, parties)
        if row[25] not in sellers:
            sellers[row[25]] = _seller(Entity(*row[25:]), parties)
    if missing := wanted - terms.keys():
        raise NotFound(f"There is no agreement {missing.pop()}.", field="agreement_id")
    countries = {seller.country for seller in sellers.values()}
    countries |= {place for buyer in buyers.values() for place in (buyer.country, buyer.ship_to_country)}
    pairs = {(draft.currency, sellers[draft.entity_id].currency, draft.issued_on) for draft in drafts}
    foreign = {pair for pair in pairs if pair[0] != pair[1]}
    grounds = Grounds(terms, buyers, sellers, rate_table(countries), _known_rates(foreign))
    return FoundGrounds(grounds, parties)


def _known_rates(pairs: set[Any]) -> dict[Any, Any]:
    """The exchange rates that are known; asked one by one only where one is missing."""
    if not pairs:
        return {}
    try:
        return dict(exchange_rates(pairs))
    except MissingRate:
        if len(pairs) == 1:
            return {}
    return {key: rate for pair in pairs for key, rate in _known_rates({pair}).items()}


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
    return Buyer(customer_id, country, (ship_to or bill_to).country, vat_id, exempt, email, key)


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
    return Seller(entity.id, entity.code, entity.country, entity.currency, key)
