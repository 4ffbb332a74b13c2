"""Strange requests to the whole API, over documents that exist; what each request does is undone."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.signals import got_request_exception, request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis import Response as Answer
from schemathesis.core.result import Ok

from cashline.kernel.identifiers import PREFIXES, public
from cashline.platform import sql

TABLES = {
    "entity": "legal_entities", "credit_note": "credit_notes", "delivery": "deliveries",
    "journal_entry": "journal_entries", "outbox_message": "outbox", "file": "stored_files",
    "bill_run": "bill_runs", "api_key": "", "user": "",
}  # fmt: skip
"""Where the documents of a kind lie, if not in the table of its plural; none for what the requests themselves need."""
CALLED = {
    "step": "fulfilment_step", "request": "provisioning_request", "run": "bill_run", "intent": "payment_intent",
    "entry": "journal_entry", "message": "outbox_message", "statement": "bank_statement", "line": "bank_line",
    "allocation": "invoice",
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
_DAY_NAMES = ("as_of", "through", "start", "end", "month", "today")


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
        if name.endswith(("_on", "_from", "_until")) or name in _DAY_NAMES:
            return list(DAYS)
        stem = name.removesuffix("_ids").removesuffix("_id")
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


def operations(secret: str) -> Iterator[Any]:
    """Every operation of the OpenAPI, as the program itself publishes it."""
    headers = {"Authorization": f"Bearer {secret}"}
    for found in openapi.from_wsgi("/v1/openapi.json", get_wsgi_application(), headers=headers).get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def tries(
    operation: Any,
    mode: GenerationMode,
    documents: Documents,
    secret: str,
    judge: Callable[[Case[Any], Answer], None],
    *,
    examples: int,
) -> None:
    """Try an operation with requests that its schema allows or not, and have each answer judged before it is undone.

    Where there is nothing to do wrong, nothing is tried.
    """

    @seed(20260115)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def one(case: Any, data: Any) -> None:
        for name in case.path_parameters or {}:
            if (choices := documents.named(name)) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(choices))
        case.body = documents.put(case.body, data.draw)
        with undone():
            judge(case, case.call(headers={"Authorization": f"Bearer {secret}"}))

    try:
        one()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE


def told(case: Any, answer: Any, *more: str) -> str:
    """A request and its answer, to be tried again by hand."""
    return f"{case.as_curl_command()}\n{answer.status_code} {answer.content[:500]!r}\n{''.join(more)}"
