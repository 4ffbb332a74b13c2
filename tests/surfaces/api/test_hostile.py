"""Bad input at every door that takes some: a clear code, the field it is about, and nothing changed.

Every leaf of a valid body is made hostile in turn: wrong types, numbers that are none or too many, days that no
calendar of ours holds, ids of nobody and of something else, texts without end.
"""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction

from cashline.flow.agree.catalog.queries import price_books
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from tests.support.api import Answer, Api
from tests.support.cluster import Database
from tests.support.fuzz import one_connection, operations
from tests.support.world import NOW
from tests.thread import mixed
from tests.thread.test_database_refuses import trade

DAY = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
PUBLIC = re.compile(r"[a-z]{3}_[0-9a-z]{26}")
TOO_LONG = "x" * 100_000
NO_TYPE: tuple[Any, ...] = ([], {}, True, TOO_LONG, "a\ud800b", "a\x00b")
"""What no field of any kind takes; a lone surrogate is a text that no database can hold."""
NO_NUMBER = ("NaN", "Infinity", "-Infinity", "1e400", "-1e30", "1e30", 10**40, "0x10", "1,5", "", "٣", "1e-30", None)
NO_DAY = ("0001-01-01", "9999-12-31", "2026-02-30", "15.01.2026", "2026-01-15T09:00:00Z", 20260115, "")
OPTIONAL = frozenset({"unit_price", "unit_cost", "limit", "amount", "interval_months", "term_months"})
"""Numbers that may be left out (null) in some bodies."""
DIGITS_OF_A_TEXT = frozenset({"postcode", "method_token"})
BODIES = (
    b"", b"{", b"[]", b'"x"', b"null", b"7", b"\xff\xfe{}", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1, "a": 2}',
    b'{"a": "\\u0000"}', b'{"\\ud800": 1}', b"[" * 100_000, b'{"a":' * 10_000, b'{"colour of money": "green"}',
)  # fmt: skip


class Office:
    """A company that traded, with a document of each kind that waits for the next step."""

    def __init__(self, database: Database) -> None:
        make_sandbox(frozen_at=NOW)
        trade(database)
        sql.execute("UPDATE clock SET frozen_at = %s", (mixed.CLOSED,))
        self.api = Api()
        self.customer = public("customer", sql.fetch("SELECT id FROM customers ORDER BY id LIMIT 1")[0][0])
        self.book = public("price_book", price_books()[0].id)
        self.order = self.placed("SENSOR-1")
        self.api.post("/shipments", {"orders": [self.placed("SENSOR-1")]})
        self.shipment = self.id_of("shipment", "shipments", "status = 'picking'")
        sold = self.made("/orders", self.ordered(price="800.00"))
        self.api.post("/shipments", {"orders": [sold]})
        shipped = self.id_of("shipment", "shipments", "status = 'picking' ORDER BY id DESC")
        self.api.post(f"/shipments/{shipped}/ship", {})
        self.agreement = self.api.get(f"/orders/{sold}").body["agreement"]
        billed = self.api.post(f"/agreements/{self.agreement}/bill", {"as_of": "2026-02-03"}).body
        self.invoice = billed["documents"][0]["id"]
        self.payment = self.made("/payments", self.paid("500.00"))
        self.placed("SETUP-1")
        self.installation = self.id_of("installation", "installations", "status = 'planned'")
        self.subscription = self.id_of("subscription", "subscriptions", "status = 'active'")
        self.draft = self.made("/quotes", self.offer())
        self.sent = self.made("/quotes", self.offer())
        assert self.api.post(f"/quotes/{self.sent}/send").status == 200
        accepted = self.made("/quotes", self.offer())
        self.api.post(f"/quotes/{accepted}/send")
        self.api.post(f"/quotes/{accepted}/accept", {"name": "Bea Buyer", "email": "bea@example.com"})
        self.used = self.id_of("subscription", "subscriptions", "line_id IN (SELECT line_id FROM usage_events)")
        self.event = sql.fetch("SELECT event_id FROM usage_events ORDER BY id DESC LIMIT 1")[0][0]
        self.contract = self.id_of("agreement", "agreements", "status = 'draft'")

    def made(self, path: str, body: dict[str, Any]) -> str:
        """The id of what a body makes."""
        answer = self.api.post(path, body)
        assert answer.status == 201, answer.content
        return str(answer.body["id"])

    def placed(self, sku: str) -> str:
        return self.made("/orders", self.ordered(sku))

    def id_of(self, kind: str, table: str, where: str) -> str:
        return public(kind, sql.fetch(f"SELECT id FROM {table} WHERE {where} LIMIT 1")[0][0])

    def ordered(self, sku: str = "SENSOR-1", price: str = "80.00") -> dict[str, Any]:
        line = {
            "sku": sku,
            "quantity": "2",
            "unit_price": price,
            "discount_percent": "5",
            "description": "As agreed",
        }
        return {
            "entity": "DE01", "customer": self.customer, "currency": "EUR", "ordered_on": "2026-02-02",
            "requested_on": "2026-02-20", "purchase_order": "PO 7", "lines": [line],
        }  # fmt: skip

    def offer(self) -> dict[str, Any]:
        line = {"sku": "PLAT-PRO", "quantity": "3", "interval_months": 1, "term_months": 12, "discount_percent": "5"}
        return {
            "entity": "DE01", "customer": self.customer, "title": "Hall 5", "valid_until": "2026-03-01",
            "starts_on": "2026-03-01", "lines": [line], "discount_percent": "2", "contact_email": "bea@example.com",
        }  # fmt: skip

    def paid(self, amount: str = "10.00") -> dict[str, Any]:
        put = {"invoice": self.invoice, "amount": "1.00", "write_off": "0.01"}
        body = {
            "entity": "DE01", "customer": self.customer, "currency": "EUR", "amount": amount,
            "method": "bank_transfer", "received_on": "2026-02-03",
        }  # fmt: skip
        return body if amount != "10.00" else body | {"allocations": [put]}

    def bodies(self) -> dict[str, dict[str, Any]]:
        """A valid body for each door that takes more than a reason."""
        return self.agreed() | self.delivered() | self.billed() | self.received() | self.kept()

    def agreed(self) -> dict[str, dict[str, Any]]:
        party = {"street": "Weg 1", "city": "Berlin", "country": "DE", "postcode": "10115", "role": "bill_to"}
        return {
            "/customers": {
                "name": "Neu GmbH", "country": "DE", "currency": "EUR", "email": "x@example.com",
                "payment_terms_days": 14, "addresses": [party],
            },
            "/products": {"sku": "NEW-1", "name": "New", "kind": "goods", "unit_cost": "3.00"},
            "/price-books": {"name": "Other", "currency": "EUR"},
            f"/price-books/{self.book}/prices": {
                "prices": [{
                    "product": self.product(), "interval_months": 0, "valid_from": "2026-03-01", "unit_price": "9.00",
                }]
            },
            "/quotes": self.offer(),
            "/quotes/preview": self.offer(),
            f"/quotes/{self.sent}/accept": {"name": "Bea", "email": "bea@example.com"},
            f"/agreements/{self.contract}/send-for-signature": {"signers": [{"name": "Bea", "email": "b@example.com"}]},
        }  # fmt: skip

    def delivered(self) -> dict[str, dict[str, Any]]:
        return {
            "/orders": self.ordered(),
            "/orders/preview": self.ordered(),
            "/orders/batch": {"orders": [self.ordered()]},
            f"/credit-accounts/{self.customer}/limit": {"limit": "5000.00", "reason": "Asked"},
            "/shipments": {"orders": [self.order]},
            f"/shipments/{self.shipment}/ship": {"carrier": "DHL", "tracking_number": "J", "shipped_on": "2026-02-03"},
            "/warehouses": {"entity": "DE01", "code": "HAM", "name": "Hamburg", "country": "DE"},
            "/stock/receipts": {
                "receipts": [{
                    "warehouse": "BER", "sku": "SENSOR-1", "quantity": "5", "unit_cost": "3.00",
                    "received_on": "2026-02-03",
                }]
            },
            "/stock/adjustments": {"warehouse": "BER", "sku": "SENSOR-1", "quantity": "1", "reason": "Counted"},
            f"/installations/{self.installation}/schedule": {"scheduled_on": "2026-02-10", "technician": "Ada"},
            f"/subscriptions/{self.subscription}/cancel": {"ends_on": "2026-03-15", "reason": "Moved on"},
            "/meters": {
                "code": "rides", "name": "Rides", "unit": "km", "aggregation": "percentile", "percentile": "95",
                "value_property": "km", "dimensions": ["region"],
            },
            "/usage-alerts": {"subscription": self.used, "meter": "calls", "threshold": "7", "period": "month"},
            "/usage-corrections": {"corrections": [{"source": "test", "id": self.event, "reason": "A test drive"}]},
        }  # fmt: skip

    def billed(self) -> dict[str, dict[str, Any]]:
        line = public("invoice_line", sql.fetch("SELECT id FROM invoice_lines ORDER BY id DESC LIMIT 1")[0][0])
        return {
            "/bill-runs": {"as_of": "2026-02-03", "entity": "DE01", "customer_ids": [self.customer]},
            "/bill-run-previews": {"as_of": "2026-02-03", "entity": "DE01"},
            f"/agreements/{self.agreement}/bill": {"as_of": "2026-02-03"},
            "/credit-notes": {
                "invoice_id": self.invoice, "reason": "Damaged",
                "lines": [{"invoice_line_id": line, "net_amount": "1.00"}],
            },
            "/tax-rates": {"country": "DE", "category": "zero", "percent": "0", "since": "2026-03-01"},
            "/exemption-certificates": {
                "customer_id": self.customer, "country": "FR", "number": "F-12", "reason": "UN", "since": "2026-02-01",
            },
            "/entities/DE01/billing-policy": {
                "bills": 6, "least": 3, "deviations": "5.5", "tolerance": "25", "grace_days": 3,
            },
        }  # fmt: skip

    def received(self) -> dict[str, dict[str, Any]]:
        put = {"invoice": self.invoice, "amount": "1.00", "write_off": "0.01"}
        return {
            "/payments": self.paid(),
            f"/payments/{self.payment}/allocations": {"allocations": [put]},
            f"/payments/{self.payment}/refunds": {"amount": "5.00", "reason": "Too much", "refunded_on": "2026-02-03"},
            "/payment-intents": {
                "gateway": "sandbox", "method_token": "4242424242424242", "entity": "DE01", "customer": self.customer,
                "currency": "EUR", "amount": "7.00",
            },
            "/disputes": {"invoice": self.invoice, "amount": "2.00", "reason": "quality", "description": "Scratched"},
            "/bank-accounts": {"entity": "DE01", "iban": "DE89370400440532013000", "name": "Main", "currency": "EUR"},
        }  # fmt: skip

    def kept(self) -> dict[str, dict[str, Any]]:
        return {
            "/periods/close": {
                "entity": "DE01", "month": "2026-02-01", "reason": "done", "override": True,
            },
            "/revenue-runs": {"through": "2026-02-28", "entity": "DE01"},
            "/revenue-run-previews": {"through": "2026-02-28", "entity": "DE01"},
            "/entities": {
                "code": "FR01", "name": "Cashline SARL", "country": "FR", "currency": "EUR", "timezone": "Europe/Paris",
            },
            "/exchange-rates": {"rates": [{"currency": "USD", "day": "2026-02-03", "per_euro": "1.09"}]},
            "/api-keys": {"name": "partner", "scopes": ["orders.read"], "entity": "DE01"},
            "/users": {"email": "new@example.com", "name": "New", "grants": [{"role": "seller", "entity": "DE01"}]},
            "/webhook-endpoints": {"url": "https://hooks.example/x", "event_types": ["OrderBooked"]},
            "/clock/advance": {"to": "2026-02-04T09:00:00Z"},
        }  # fmt: skip

    def product(self) -> str:
        return public("product", sql.fetch("SELECT id FROM products WHERE sku = 'SENSOR-1'")[0][0])


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every leaf of a body with where it stands."""
    if isinstance(value, dict | list):
        items: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def changed(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The body with another value in one place."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def hostile(path: tuple[str | int, ...], valid: Any) -> list[Any]:
    """Values that must be refused where that valid one stood."""
    found = [value for value in NO_TYPE if not (isinstance(valid, bool) and value is True)]
    if isinstance(valid, str) and DAY.fullmatch(valid):
        return [*found, *NO_DAY]
    is_number = isinstance(valid, int) or (isinstance(valid, str) and NUMBER.fullmatch(valid))
    if is_number and path[-1] not in DIGITS_OF_A_TEXT:
        return [*found, *(one for one in NO_NUMBER if one is not None or path[-1] not in OPTIONAL)]
    if isinstance(valid, str) and PUBLIC.fullmatch(valid):
        return [*found, "nobody", "", public("customer", new_id()), public("event", new_id()), 7]
    return [*found, 7, 1.5]


def fingerprint() -> dict[str, str]:
    """What every table holds; keys write when they were used."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name != "api_keys"]
    query = " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t" for table in tables
    )
    return dict(sql.fetch(query))


def asked(call: Callable[[], Answer]) -> Answer:
    """The answer of a request whose effect is undone where it had one, and stands where it was refused."""
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]
    with whole:
        answer = call()
        transaction.set_rollback(answer.status < 400)
    return answer


def wrong_with(answer: Answer) -> str:
    """What an answer lacks of a refusal with a code and a field; empty where it is one.

    A batch of usage is taken whatever is in it, and tells what it refused of it in the same words.
    """
    if answer.status == 200 and isinstance(answer.body, dict) and answer.body.get("accepted") == 0:
        refused = answer.body["refused"]
        return "" if refused and all(one["code"] and one["field"] for one in refused) else "nothing is refused"
    if not 400 <= answer.status < 500:
        return f"{answer.status} {answer.content[:200]!r}"
    errors = answer.body["errors"]
    clear = all(error["code"] and error["message"] for error in errors) and any(error.get("field") for error in errors)
    if not clear or "The database refuses" in answer.content.decode():
        return f"{answer.status} {errors}"
    return ""


@pytest.fixture
def office(committed_db: Database) -> Office:
    return Office(committed_db)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_leaf_of_every_body_is_checked(office: Office, subtests: pytest.Subtests) -> None:
    tried = 0
    with one_connection() as raised:
        before = fingerprint()
        for path, valid in office.bodies().items():
            with subtests.test(f"a valid body of {path}"):
                answer = ask(office.api, "post", path, valid)
                assert answer.status < 300, answer.content
            for place, value in leaves(valid):
                name = ".".join(map(str, place))
                with subtests.test(f"{path} {name}"):
                    unclear = []
                    for bad in hostile(place, value):
                        answer = ask(office.api, "post", path, json.dumps(changed(valid, place, bad)))
                        tried += 1
                        if why := wrong_with(answer):
                            unclear.append(f"{str(bad)[:40]!r}: {why}")
                    assert unclear == [], "\n".join(raised)
            with subtests.test(f"{path} changed nothing"):
                assert fingerprint() == before
    assert tried >= 1500


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_no_address_takes_what_is_no_json_or_names_nobody(office: Office, subtests: pytest.Subtests) -> None:
    unknown = public("order", new_id())
    strangers = ("nobody", public("event", new_id()), "%00", "ord_" + "z" * 26, "x" * 3000)
    with one_connection() as raised:
        before = fingerprint()
        for operation in operations(office.api.secret):
            method, path = operation.method.lower(), operation.path.removeprefix("/v1")
            with subtests.test(operation.label):
                for stranger in strangers if "{" in path else ():
                    answer = ask(office.api, method, re.sub(r"{[^}]*}", stranger, path), {})
                    assert 400 <= answer.status < 500, f"{stranger} {answer.content[:300]!r} {raised}"
                    assert method != "get" or answer.status in (404, 422), f"{stranger} {answer.content[:300]!r}"
                for body in BODIES if operation.body else ():
                    answer = ask(office.api, method, re.sub(r"{[^}]*}", unknown, path), body)
                    assert not wrong_with(answer), f"{body[:40]!r}: {wrong_with(answer)} {raised}"
        assert fingerprint() == before


def ask(api: Api, method: str, path: str, body: Any) -> Answer:
    """The answer of a request that changes nothing where it was refused."""
    return asked(lambda: api.get(path) if method == "get" else api.send(method, path, body))


def zipped(name: str, content: bytes) -> bytes:
    """An archive with one file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(name, content)
    return data.getvalue()


LAUGHS = "".join(f'<!ENTITY l{index} "{f"&l{index - 1};" * 10}">' for index in range(1, 10))
FILES: Mapping[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "noise": (bytes(range(256)) * 40, 422),
    "a hundred megabytes": (b" " * 100_000_000, 413),
    "an archive of a gigabyte": (zipped("a.xml", b"<" * 1_000_000_000), 422),
    "an archive in an archive": (zipped("a.zip", zipped("b.zip", b"x" * 1000)), 422),
    "a broken archive": (zipped("a.xml", b"<Document/>")[:-30], 422),
    "a billion laughs": (f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l9;</x>'.encode(), 422),
    "quadratic laughter": (f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]><x>{"&a;" * 5_000}</x>'.encode(), 422),
    "a file of ours": (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', 422),
    "a schema of theirs": (b'<!DOCTYPE x SYSTEM "http://example.com/x.dtd"><x/>', 422),
    "ten thousand levels": (b"<x>" * 10_000 + b"</x>" * 10_000, 422),
    "another encoding": (b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x+AD4-', 422),
    "half a document": (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>', 422),
}


@pytest.mark.slow
def test_no_file_harms(office: Office, subtests: pytest.Subtests) -> None:
    doors = (
        "/bank-statements?name=x",
        "/orders/import?entity=DE01&format=ubl",
        "/orders/import?entity=DE01&format=csv",
    )
    with one_connection() as raised:
        before = fingerprint()
        for door in doors:
            for name, (content, status) in FILES.items():
                with subtests.test(f"{name} to {door}"):
                    began = time.monotonic()
                    answer = asked(partial(office.api.file, door, content))
                    assert not wrong_with(answer), f"{wrong_with(answer)} {raised}"
                    assert answer.status in (status, 413)
                    assert time.monotonic() - began < 10
                    assert "root:" not in answer.content.decode()
        assert fingerprint() == before


@pytest.mark.slow
def test_posts_that_come_again_or_together_have_one_effect(office: Office) -> None:
    """Under one key, and for orders and stock also without: their own reference makes them the same."""
    order = office.ordered() | {"external_reference": "PO-RACE"}
    receipt = office.bodies()["/stock/receipts"]["receipts"][0] | {"source_id": str(new_id())}
    wanted = [
        ("/payments", office.paid("33.00"), "k-pay", "payments"),
        ("/orders", office.ordered(), "k-order", "orders"),
        ("/orders", order, None, "orders"),
        ("/stock/receipts", {"receipts": [receipt]}, None, "stock_moves"),
        ("/credit-notes", office.bodies()["/credit-notes"], "k-credit", "credit_notes"),
    ]
    for path, body, key, table in wanted:
        before = sql.fetch(f"SELECT count(*) FROM {table}")[0][0]
        answers = together(partial(office.api.post, path, body, key=key))
        assert {answer.status for answer in answers} <= {200, 201}, [answer.content for answer in answers]
        assert sql.fetch(f"SELECT count(*) FROM {table}")[0][0] == before + 1, path
        assert len({answer.body.get("id") for answer in answers}) == 1
        if key:
            assert office.api.post(path, body | {"purchase_order": "other"}, key=key).status == 409
    found = verify()
    assert found.first_break is None, str(found.first_break)


def together(call: Callable[[], Answer]) -> list[Answer]:
    """The answers of eight who ask the same at the same time."""
    gate = Barrier(8)

    def knock(_: int) -> Answer:
        try:
            gate.wait(30)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(knock, range(8)))
