"""Schemathesis over the whole OpenAPI of a company that has traded: no request, however strange, is a server error.

Half of what names a document names one that exists, so that requests reach what stands behind the first check. Each
request is undone, so that they do not depend on each other; the seed is fixed.
"""

import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import got_request_exception, request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from cashline.kernel.identifiers import PREFIXES, public
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.people.actions import create_api_key
from cashline.platform.permissions.rules import ROLES
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW
from tests.thread.test_database_refuses import trade

EXAMPLES = {"positive": 8, "negative": 4}
"""How many requests to each operation that its schema allows, and that it does not."""
TABLES = {
    "address": "", "entity": "legal_entities", "credit_note": "credit_notes", "delivery": "deliveries",
    "journal_entry": "journal_entries", "outbox_message": "outbox", "file": "stored_files", "event": "events",
    "revenue_posting": "revenue_postings", "api_key": "", "user": "", "approval": "", "bill_run": "bill_runs",
}  # fmt: skip
"""Where the documents of a kind lie, if not in the table of its plural; none where a test must not touch them."""
CALLED = {
    "step": "fulfilment_step", "request": "provisioning_request", "run": "bill_run", "intent": "payment_intent",
    "entry": "journal_entry", "message": "outbox_message", "statement": "bank_statement", "line": "bank_line",
}  # fmt: skip
"""Parameters that are not called as their kind."""
PLAIN: Mapping[str, tuple[Any, ...]] = {
    "entity": ("DE01", "US01"),
    "entities": ("DE01", "US01"),
    "sku": ("SENSOR-1", "PLAT-PRO", "SETUP-1"),
    "currency": ("EUR", "USD"),
    "country": ("DE", "US"),
    "warehouse": ("BER",),
    "kind": ("goods", "subscription", "service"),
    "gateway": ("sandbox",),
    "interval_months": (0, 1, 12),
    "quantity": ("1", "2"),
    "amount": ("1.00", "20.00"),
    "unit_price": ("10.00",),
}
"""Values that mean something, by the name of their field."""
DAYS = ("2026-01-15", "2026-01-20", "2026-02-03")
"""Days on which something happened."""


class Documents:
    """Public ids that exist, by what a field that names one is called."""

    def __init__(self) -> None:
        self.by_kind: dict[str, list[str]] = {}
        for kind in PREFIXES:
            table = TABLES.get(kind, f"{kind}s")
            if table and sql.fetch("SELECT to_regclass(%s) IS NOT NULL", (table,))[0][0]:
                rows = sql.fetch(f"SELECT id FROM {table} ORDER BY id LIMIT 4")
                self.by_kind[kind] = [public(kind, row[0]) for row in rows]
        self.all = [key for keys in self.by_kind.values() for key in keys]

    def named(self, name: str) -> list[Any]:
        """What a field of that name may hold."""
        stem = name.removesuffix("_ids").removesuffix("_id")
        if name.endswith(("_on", "_from", "_until")) or name in ("as_of", "through", "start", "end", "month"):
            return list(DAYS)
        found = [*PLAIN.get(name, ()), *self.by_kind.get(CALLED.get(stem, stem), ())]
        return self.all if name == "public_id" else found

    def put(self, value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
        """A body with half of its names of documents made names of documents that exist."""
        if isinstance(value, list):
            return [self.put(item, draw) for item in value]
        if not isinstance(value, dict):
            return value
        changed = {}
        for name, item in value.items():
            choices = self.named(name)
            if choices and isinstance(item, str | int | None) and draw(st.booleans()):
                changed[name] = draw(st.sampled_from(choices))
            else:
                changed[name] = self.put(item, draw)
        return changed


@contextmanager
def one_connection() -> Iterator[list[str]]:
    """Requests use the connection of this thread, as with Django's test client; gives what they raised."""
    raised: list[str] = []

    def keep(**_: Any) -> None:
        raised.append(traceback.format_exc())

    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    got_request_exception.connect(keep)
    try:
        yield raised
    finally:
        got_request_exception.disconnect(keep)
        for signal in signals:
            signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """What is done within the block, in this thread, never was; a durable block of an action may stand in it."""
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]
    with whole:
        yield
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_is_a_server_error(committed_db: Database, subtests: pytest.Subtests) -> None:
    make_sandbox(frozen_at=NOW)
    trade(committed_db)
    scopes = sorted(frozenset().union(*ROLES.values()))
    secret = create_api_key(name="fuzz", scopes=scopes, now=NOW, actor=ACTOR)
    documents = Documents()
    assert len(documents.by_kind) >= 25
    headers = {"Authorization": f"Bearer {secret}"}
    before, answers = counts(), Counter[int]()
    reached: set[str] = set()
    with one_connection() as raised:
        schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", get_wsgi_application(), headers=headers)
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in schemathesis.GenerationMode:
                with subtests.test(f"{mode.value} {operation.label}"):
                    statuses = tries(operation, mode, documents, headers, raised)
                    answers += statuses
                    if any(status < 300 for status in statuses):
                        reached.add(operation.label)
    assert counts() == before
    assert answers.total() >= 1000
    assert len(reached) >= 80, "most operations are to be reached, and not only refused"
    assert {200, 201, 404, 409, 422} <= answers.keys()


def tries(operation: Any, mode: Any, documents: Documents, headers: dict[str, str], raised: list[str]) -> Counter[int]:
    """Try an operation; how often each status came. Where there is nothing to do wrong, nothing is tried."""
    statuses = Counter[int]()

    @seed(20260115)
    @settings(
        max_examples=EXAMPLES[mode.value], database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=False,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def one(case: Any, data: Any) -> None:
        for name in case.path_parameters or {}:
            if (choices := documents.named(name)) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(choices))
        case.body = documents.put(case.body, data.draw)
        raised.clear()
        with undone():
            answer = case.call(headers=headers)
        statuses[answer.status_code] += 1
        told = f"{case.as_curl_command()}\n{answer.status_code} {answer.content[:500]!r}\n{''.join(raised)}"
        assert answer.status_code < 500, told
        assert b"The database refuses this" not in answer.content, told
        if answer.status_code >= 400:
            errors = answer.json()["errors"]
            assert errors, told
            assert all(error["code"] and error["message"] for error in errors), told

    try:
        one()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE
    return statuses


def counts() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    return {table: sql.fetch(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
