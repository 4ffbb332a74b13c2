"""The very documents that are stuck, one row each, behind the counts of `stuck`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.report.health.queries.stuck import KINDS, NEXT_RUNS, UNBILLED_SINCE, StuckKind
from cashline.platform import lists
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class StuckItem:
    """A document that is stuck: in which way, whose it is, why, what it is worth and since when it waits.

    (`document_type`, `document_id`) is where somebody can move it on.
    """

    id: UUID
    code: str
    stage: str
    document_type: str
    document_id: UUID
    number: str
    customer_name: str
    why: str
    currency: str
    amount: Decimal | None
    since: date

    @property
    def kind(self) -> StuckKind:
        """The way in which it is stuck."""
        return next(kind for kind in KINDS if kind.code == self.code)


_NONE = "NULL::numeric"
_ITEMS = {
    "quotes_in_approval": "SELECT q.id, 'quote' AS type, q.id AS document, q.number, c.name, q.title AS why, "
    "q.currency, v.net_total AS amount, q.created_at::date AS since FROM quotes q JOIN quote_versions v "
    "ON v.quote_id = q.id AND v.version = q.current_version JOIN customers c ON c.id = q.customer_id "
    "WHERE q.status = 'in_approval'",
    "agreements_unsigned": "SELECT q.id, 'agreement', q.id, q.number, c.name, q.title, q.currency, q.net_total, "
    "q.created_at::date FROM agreements q JOIN customers c ON c.id = q.customer_id "
    "WHERE q.status = 'out_for_signature' AND q.created_at < {today} - interval '14 days'",
    "orders_held": "SELECT q.id, 'order', q.id, q.number, c.name, q.hold_reason, q.currency, q.net_total, "
    "q.ordered_on FROM orders q JOIN customers c ON c.id = q.customer_id WHERE q.status = 'held'",
    "goods_backordered": "SELECT q.id, 'order', q.id, q.number, c.name, '', q.currency, q.net_total, q.ordered_on "
    "FROM orders q JOIN customers c ON c.id = q.customer_id WHERE q.id IN (SELECT s.order_id FROM fulfilment_steps s "
    "WHERE s.status = 'backordered')",
    "steps_failed": f"SELECT s.id, 'order', q.id, q.number, c.name, s.kind || ': ' || s.error, '', {_NONE}, "
    "q.ordered_on FROM fulfilment_steps s JOIN orders q ON q.id = s.order_id JOIN customers c ON c.id = q.customer_id "
    "WHERE s.status = 'failed'",
    "provisioning_failed": f"SELECT r.id, 'order', q.id, q.number, c.name, r.error, '', {_NONE}, "
    "r.requested_at::date FROM provisioning_requests r JOIN order_lines l ON l.id = r.order_line_id "
    "JOIN orders q ON q.id = l.order_id JOIN customers c ON c.id = q.customer_id WHERE (r.status = 'failed' "
    "OR (r.status = 'requested' AND r.requested_at < {today} - interval '1 day'))",
    "unbilled": f"SELECT a.id, 'agreement', a.id, a.number, c.name, '', '', {_NONE}, {UNBILLED_SINCE} "
    "FROM billing_schedules q JOIN agreements a ON a.id = q.agreement_id JOIN customers c ON c.id = q.customer_id "
    f"{NEXT_RUNS} WHERE q.due_on < {{today}} AND {UNBILLED_SINCE} < {{today}}",
    "invoices_overdue": "SELECT q.id, 'invoice', q.id, q.number, c.name, '', q.currency, q.open_amount, q.due_on "
    "FROM invoices q JOIN customers c ON c.id = q.customer_id WHERE q.open_amount > 0 AND q.due_on < {today} - 30",
    "payments_unapplied": "SELECT q.id, 'payment', q.id, q.number, c.name, q.method, q.currency, q.unapplied_amount, "
    "q.received_on FROM payments q JOIN customers c ON c.id = q.customer_id WHERE q.unapplied_amount > 0",
    "card_payments_unclear": "SELECT q.id, 'invoice', COALESCE(q.invoice_id, q.id), COALESCE(i.number, ''), c.name, "
    "q.message, q.currency, q.amount, q.created_at::date FROM payment_intents q JOIN customers c "
    "ON c.id = q.customer_id LEFT JOIN invoices i ON i.id = q.invoice_id WHERE q.status = 'pending' "
    "AND q.created_at < {today} - interval '1 day'",
    "bank_lines_open": "SELECT l.id, 'bank_statement', l.statement_id, q.name, l.counterparty_name, l.remittance, "
    "l.currency, l.amount, l.booked_on FROM bank_lines l JOIN bank_accounts q ON q.id = l.account_id "
    "WHERE l.status = 'open'",
    "disputes_open": "SELECT d.id, 'dispute', d.id, d.number, c.name, d.reason, q.currency, d.amount, d.opened_on "
    "FROM disputes d JOIN invoices q ON q.id = d.invoice_id JOIN customers c ON c.id = q.customer_id "
    "WHERE d.resolved_on IS NULL AND d.opened_on < {today} - 14",
    "outbox_dead": "SELECT m.id, 'outbox_message', m.id, m.kind, '', COALESCE((SELECT a.detail "
    "FROM outbox_attempts a WHERE a.message_id = m.id ORDER BY a.id DESC LIMIT 1), ''), '', "
    f"{_NONE}, m.created_at::date FROM outbox m WHERE m.status IN ('dead', 'unknown')",
}
_COLUMNS = "id, code, stage, type, document, number, name, why, currency, amount, since"
SORTS = {"since": "s.since", "number": "s.number", "customer": "s.name", "amount": "COALESCE(s.amount, 0)"}


def stuck_items(
    ask: lists.Ask,
    *,
    today: date,
    entity_ids: Sequence[UUID] | None = None,
    codes: Sequence[str] = (),
    stages: Sequence[str] = (),
    words: str = "",
) -> Page[StuckItem]:
    """One page of what is stuck; the words are looked for in number, customer and reason."""
    conditions = lists.Conditions()
    conditions.contains(("s.number", "s.name", "s.why"), words)
    wanted = [kind for kind in KINDS if (not codes or kind.code in codes) and (not stages or kind.stage in stages)]
    if not wanted:
        return Page([], "")
    parts = [_part(kind, today, entity_ids) for kind in wanted]
    return lists.page(
        StuckItem,
        columns=", ".join(f"s.{column}" for column in _COLUMNS.split(", ")),
        source=f"({' UNION ALL '.join(parts)}) s",
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        parts=parts,
    )


def _part(kind: StuckKind, today: date, entity_ids: Sequence[UUID] | None) -> str:
    """A list's source takes no parameters, so the day and the ids stand in the text: they can be nothing else."""
    statement = _ITEMS[kind.code].format(today=f"DATE '{today.isoformat()}'")
    if entity_ids is not None and kind.code != "outbox_dead":
        keys = ",".join(str(key) for key in entity_ids)
        statement += f" AND q.entity_id = ANY('{{{keys}}}'::uuid[])"
    names = "id, type, document, number, name, why, currency, amount, since"
    return f"SELECT '{kind.code}' AS code, '{kind.stage}' AS stage, k.* FROM ({statement}) AS k({names})"
