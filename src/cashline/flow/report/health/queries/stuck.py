"""What is stuck: work that waits longer than it should, with its money, so that someone can move it on."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class StuckKind:
    """A way of being stuck: in which stage, what it is called, and the list that shows it."""

    code: str
    stage: str
    title: str
    address: str
    statement: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """How much is stuck in one way: how many, the money by currency, and since when the oldest waits."""

    code: str
    count: int
    money: tuple[tuple[str, Decimal], ...]
    since: date | None

    @property
    def kind(self) -> StuckKind:
        """The way in which it is stuck."""
        return next(kind for kind in KINDS if kind.code == self.code)


UNBILLED_SINCE = "CASE WHEN q.due_on > DATE '0001-01-01' THEN q.due_on ELSE GREATEST(a.signed_on, n.day) END"
"""Since when an agreement (a, with its schedule q) waits for its bill; one that changed waits for the next run (n)."""
NEXT_RUNS = (
    "LEFT JOIN (SELECT e.id, max(r.as_of) + 1 AS day FROM legal_entities e JOIN bill_runs r ON r.status = 'completed' "
    "AND (r.entity_id IS NULL OR r.entity_id = e.id) GROUP BY e.id) n ON n.id = q.entity_id"
)
"""Of each legal entity the day after the last run."""

KINDS = (
    StuckKind(
        "quotes_in_approval",
        "agree",
        "Quotes wait for approval",
        "/quotes/?status=in_approval",
        "SELECT q.currency, count(*), sum(v.net_total), min(q.created_at)::date FROM quotes q JOIN quote_versions v "
        "ON v.quote_id = q.id AND v.version = q.current_version WHERE q.status = 'in_approval' AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "agreements_unsigned",
        "agree",
        "Contracts wait for a signature for two weeks",
        "/contracts/?status=out_for_signature",
        "SELECT q.currency, count(*), sum(q.net_total), min(q.created_at)::date FROM agreements q "
        "WHERE q.status = 'out_for_signature' AND q.created_at < %(today)s - interval '14 days' AND {entity} "
        "GROUP BY 1",
    ),
    StuckKind(
        "orders_held",
        "book",
        "Orders are held",
        "/orders/?status=held",
        "SELECT q.currency, count(*), sum(q.net_total), min(q.ordered_on) FROM orders q "
        "WHERE q.status = 'held' AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "goods_backordered",
        "deliver",
        "Orders wait for stock",
        "/fulfilment/?status=backordered",
        "SELECT q.currency, count(DISTINCT q.id), sum(q.net_total), min(q.ordered_on) FROM orders q WHERE q.id IN "
        "(SELECT s.order_id FROM fulfilment_steps s WHERE s.status = 'backordered') AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "steps_failed",
        "deliver",
        "Fulfilment steps failed",
        "/fulfilment/?status=failed",
        "SELECT q.currency, count(*), NULL::numeric, min(q.ordered_on) FROM fulfilment_steps s JOIN orders q "
        "ON q.id = s.order_id WHERE s.status = 'failed' AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "provisioning_failed",
        "deliver",
        "Activations failed or were not answered in a day",
        "/provisioning/",
        "SELECT q.currency, count(*), NULL::numeric, min(r.requested_at)::date FROM provisioning_requests r "
        "JOIN order_lines l ON l.id = r.order_line_id JOIN orders q ON q.id = l.order_id WHERE (r.status = 'failed' OR "
        "(r.status = 'requested' AND r.requested_at < %(today)s - interval '1 day')) AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "unbilled",
        "invoice",
        "Contracts are due to be billed since yesterday",
        "/bill-runs/",
        f"SELECT a.currency, count(*), NULL::numeric, min({UNBILLED_SINCE}) FROM billing_schedules q "
        f"JOIN agreements a ON a.id = q.agreement_id {NEXT_RUNS} "
        f"WHERE q.due_on < %(today)s AND {UNBILLED_SINCE} < %(today)s AND {{entity}} GROUP BY 1",
    ),
    StuckKind(
        "invoices_overdue",
        "receive",
        "Invoices are overdue by more than 30 days",
        "/invoices/?status=overdue",
        "SELECT q.currency, count(*), sum(q.open_amount), min(q.due_on) FROM invoices q WHERE q.open_amount > 0 "
        "AND q.due_on < %(today)s - 30 AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "payments_unapplied",
        "receive",
        "Payments are not applied",
        "/payments/?unapplied=1",
        "SELECT q.currency, count(*), sum(q.unapplied_amount), min(q.received_on) FROM payments q "
        "WHERE q.unapplied_amount > 0 AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "card_payments_unclear",
        "receive",
        "Card payments without an outcome for a day",
        "/payments/",
        "SELECT q.currency, count(*), sum(q.amount), min(q.created_at)::date FROM payment_intents q "
        "WHERE q.status = 'pending' AND q.created_at < %(today)s - interval '1 day' AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "bank_lines_open",
        "receive",
        "Bank lines are not matched",
        "/bank/",
        "SELECT l.currency, count(*), sum(l.amount), min(l.booked_on) FROM bank_lines l JOIN bank_accounts q "
        "ON q.id = l.account_id WHERE l.status = 'open' AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "disputes_open",
        "receive",
        "Disputes are open for two weeks",
        "/disputes/",
        "SELECT q.currency, count(*), sum(d.amount), min(d.opened_on) FROM disputes d JOIN invoices q "
        "ON q.id = d.invoice_id WHERE d.resolved_on IS NULL AND d.opened_on < %(today)s - 14 AND {entity} GROUP BY 1",
    ),
    StuckKind(
        "outbox_dead",
        "report",
        "Mails and calls could not be sent",
        "/settings/outbox/",
        "SELECT '', count(*), NULL::numeric, min(created_at)::date FROM outbox WHERE status IN ('dead', 'unknown') "
        "HAVING count(*) > 0",
    ),
)


def stuck(*, today: date, entity_ids: list[UUID] | None = None) -> list[Stuck]:
    """Everything that is stuck, in the order of the flow; kinds with nothing stuck are left out."""
    narrowed = "TRUE" if entity_ids is None else "q.entity_id = ANY(%(entities)s)"
    parts = [
        f"SELECT {index}, * FROM ({kind.statement.format(entity=narrowed)}) AS k{index}"
        for index, kind in enumerate(KINDS)
    ]
    rows = sql.fetch(" UNION ALL ".join(parts), {"today": today, "entities": entity_ids})
    found: dict[int, list[tuple[str, int, Decimal | None, date | None]]] = {}
    for index, currency, count, amount, since in rows:
        found.setdefault(index, []).append((currency, count, amount, since))
    return [
        Stuck(
            KINDS[index].code,
            sum(count for _, count, _, _ in group),
            tuple((currency, amount) for currency, _, amount, _ in sorted(group) if amount is not None),
            min((since for *_, since in group if since is not None), default=None),
        )
        for index, group in sorted(found.items())
    ]
