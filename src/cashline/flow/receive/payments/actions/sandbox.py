"""The sandbox gateway's memory in the database, and its reports, delivered as a real gateway would.

Each change is a transaction of its own: as with a real acquirer, a charge stands where the caller's work is undone.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from cashline.flow.receive.payments.actions.gateway_events import handle_gateway_event
from cashline.flow.receive.payments.gateways.sandbox import SandboxGateway
from cashline.flow.receive.payments.gateways.sandbox_acquirer import State
from cashline.kernel.identifiers import new_id
from cashline.platform import sql


class DatabaseStore:
    """A `SandboxStore` over the table `sandbox_charges`."""

    def get(self, key: str) -> State | None:
        """The state of that key, if there is one."""
        row = sql.fetch_one("SELECT state FROM sandbox_charges WHERE key = %s", (key,))
        return dict(row[0]) if row and row[0] else None

    @transaction.atomic(durable=True)
    def change(self, key: str, change: Callable[[State | None], State]) -> State:
        """Lock the key, apply `change` to its state and keep the result; what `change` raises undoes it all."""
        sql.execute(
            "INSERT INTO sandbox_charges (id, key, state) VALUES (%s, %s, 'null') ON CONFLICT (key) DO NOTHING",
            (new_id(), key),
        )
        row = sql.fetch_one("SELECT state FROM sandbox_charges WHERE key = %s FOR UPDATE", (key,))
        state = change(dict(row[0]) if row and row[0] else None)
        sql.execute("UPDATE sandbox_charges SET state = %s WHERE key = %s", (sql.json(state), key))
        return state


def deliver_sandbox_reports(
    gateway: SandboxGateway, *, machine_time: datetime, now: datetime, actor: str, limit: int = 100
) -> int:
    """Deliver the reports that are due, signed; gives how many. Late outcomes come in now."""
    count = 0
    for reference in _with_reports(limit):
        for report in gateway.take_webhooks(reference, now=machine_time):
            handle_gateway_event(gateway, report.headers, report.body, machine_time=machine_time, now=now, actor=actor)
            count += 1
    return count


def _with_reports(limit: int) -> list[str]:
    """The charges of which something is to be reported, or still to come."""
    rows = sql.fetch(
        "SELECT key FROM sandbox_charges WHERE state->>'charged' = 'true' AND ("
        "(state->>'taken')::int < jsonb_array_length(state->'events') OR state->>'status' = 'pending' "
        "OR jsonb_path_exists(state, '$.refunds.*.status ? (@ == \"pending\")')) ORDER BY id LIMIT %s",
        (limit,),
    )
    return [row[0] for row in rows]
