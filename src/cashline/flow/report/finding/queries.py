"""Finding what somebody looks for: one statement over the indexes of numbers and names."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from cashline.flow.report.finding.rules import LONGEST, Found, NumberSeries, Sought, sought_numbers
from cashline.kernel.spelling import searchable
from cashline.platform import lists, sql

PERMISSIONS = {
    "customer": "customers.read",
    "quote": "quotes.read",
    "agreement": "contracts.read",
    "order": "orders.read",
    "shipment": "fulfilment.read",
    "subscription": "subscriptions.read",
    "installation": "projects.read",
    "invoice": "invoices.read",
    "credit_note": "credit_notes.read",
    "payment": "payments.read",
    "product": "catalog.read",
}
"""The kinds that can be found, in the order in which they are shown, and the permission that each needs."""
_DOCUMENTS = {
    "quote": ("quotes d", "d.status, v.net_total, d.currency", "quote_versions v ON v.quote_id = d.id AND v.version = "
              "d.current_version"),
    "agreement": ("agreements d", "d.status, d.net_total, d.currency", ""),
    "order": ("orders d", "d.status, d.net_total, d.currency", ""),
    "shipment": ("shipments d", "d.status, NULL::numeric, ''", "orders o ON o.id = d.order_id"),
    "subscription": ("subscriptions d", "d.status, NULL::numeric, ''", ""),
    "installation": ("installations d", "d.status, NULL::numeric, ''", "order_lines l ON l.id = d.order_line_id "
                     "JOIN orders o ON o.id = l.order_id"),
    "invoice": ("invoices d", "CASE WHEN d.status = 'issued' AND d.open_amount = 0 THEN 'settled' ELSE d.status END, "
                "d.gross_total, d.currency", ""),
    "credit_note": ("credit_notes d", "d.status, d.gross_total, d.currency", ""),
    "payment": ("payments d", "d.status, d.amount, d.currency", ""),
}  # fmt: skip
_HOLDERS = {"shipment": ("o.customer_id", "d.entity_id"), "installation": ("d.customer_id", "o.entity_id")}
_CUSTOMERS = (
    "(SELECT 'customer', c.id, c.number, c.name, c.status, NULL::numeric, c.currency FROM customers c WHERE {test} "
    "ORDER BY c.name ILIKE %(start)s DESC, c.name, c.id LIMIT %(limit)s)"
)
_PRODUCTS = (
    "(SELECT 'product', p.id, p.sku, p.name, CASE WHEN p.active THEN 'active' ELSE 'inactive' END, NULL::numeric, '' "
    "FROM products p WHERE p.sku ILIKE %(start)s OR {name} "
    "ORDER BY p.sku ILIKE %(start)s DESC, p.name, p.id LIMIT %(limit)s)"
)


def find(words: str, *, readable: Mapping[str, Sequence[UUID] | None], limit: int = 5) -> list[Found]:
    """What the words may mean, by kind in the order of `PERMISSIONS` and at most `limit` of each.

    `readable` names the kinds to look for and the legal entities whose documents count (None: all).
    """
    text = words.strip()[:LONGEST]
    if not text:
        return []
    sought = sought_numbers(text, number_series())
    params: dict[str, Any] = {
        "start": lists.starting_with(text),
        "limit": limit,
        "exactly": text,
        "upper": text.upper(),
    }
    parts = []
    for kind in PERMISSIONS:
        if kind not in readable:
            continue
        if kind == "customer":
            parts.append(_CUSTOMERS.format(test=_customer_test(text, sought.get("customer"), params)))
        elif kind == "product":
            parts.append(_PRODUCTS.format(name=_named("p.name", text, params)))
        elif kind in sought:
            parts.append(_document(kind, sought[kind], readable[kind], params))
    if not parts:
        return []
    found = [Found(*row) for row in sql.fetch(" UNION ALL ".join(parts), params)]
    order = {kind: place for place, kind in enumerate(PERMISSIONS)}
    return sorted(found, key=lambda one: order[one.kind])


def number_series() -> list[NumberSeries]:
    """The series that numbers were given of, the newest year first."""
    return sql.fetch_as(
        NumberSeries,
        "SELECT s.kind, COALESCE(e.code, ''), s.year FROM number_series s LEFT JOIN legal_entities e "
        "ON e.id = s.entity_id ORDER BY s.year DESC, 2",
    )


def _document(kind: str, sought: Sought, entities: Sequence[UUID] | None, params: dict[str, Any]) -> str:
    source, columns, join = _DOCUMENTS[kind]
    customer, entity = _HOLDERS.get(kind, ("d.customer_id", "d.entity_id"))
    tests = [_numbered("d.number", kind, sought, params)]
    if entities is not None:
        params[f"{kind}_entities"] = list(entities)
        tests.append(f"{entity} = ANY(%({kind}_entities)s)")
    return (
        f"(SELECT '{kind}', d.id, d.number, c.name, {columns} FROM {source} {f'JOIN {join}' if join else ''} "
        f"JOIN customers c ON c.id = {customer} WHERE {' AND '.join(tests)} ORDER BY d.number DESC LIMIT %(limit)s)"
    )


def _numbered(column: str, kind: str, sought: Sought, params: dict[str, Any]) -> str:
    """Compares texts as they are stored, so that the index on numbers serves beginnings too."""
    if sought.exact:
        params[f"{kind}_exact"] = list(sought.exact)
        return f"{column} = ANY(%({kind}_exact)s)"
    params[f"{kind}_from"] = sought.beginning
    params[f"{kind}_to"] = sought.beginning + "\U0010ffff"
    return f"{column} BETWEEN %({kind}_from)s AND %({kind}_to)s"


def _customer_test(text: str, sought: Sought | None, params: dict[str, Any]) -> str:
    tests = [_known(text, params), "c.external_reference IN (%(exactly)s, %(upper)s)"]
    if sought:
        tests.append(_numbered("c.number", "customer", sought, params))
    return " OR ".join(tests)


def _known(text: str, params: dict[str, Any]) -> str:
    """Every word stands somewhere in the customer's name, however its umlauts are spelled."""
    tests = []
    for place, word in enumerate(text.split()[:6]):
        params[f"known_{place}"] = lists.holding(searchable(word))
        tests.append(f"c.known_as LIKE %(known_{place})s")
    return f"({' AND '.join(tests)})"


def _named(column: str, text: str, params: dict[str, Any]) -> str:
    """Every word stands somewhere in the name."""
    tests = []
    for place, word in enumerate(text.split()[:6]):
        params[f"word_{place}"] = lists.holding(word)
        tests.append(f"{column} ILIKE %(word_{place})s")
    return f"({' AND '.join(tests)})"
