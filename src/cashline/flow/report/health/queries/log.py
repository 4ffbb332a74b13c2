"""Laws of the log: the chain of hashes is whole, numbers have no gap, and the log tells every status as it stands."""

from cashline.flow.report.health.rules import Break, Law, SeriesUse
from cashline.platform import sql
from cashline.platform.events import queries as events
from cashline.platform.events.rules import chain_hash
from cashline.platform.numbering.rules import format_number

CHAIN = "log-is-chained"
CHAIN_SENTENCE = "Every sealed block of the event log has its hash, and the hash of the block before"
NUMBERS = "numbers-gap-free"
NUMBERS_SENTENCE = "The numbers of every series of documents run from 1 without a gap"
SAMPLE_BLOCKS = 8
SAMPLE_EVENTS = 20_000

LINKED = Law(
    "log-is-linked",
    "The blocks of the event log follow on each other, and the feed has no gap",
    "SELECT '', NULL::uuid, 'block ' || number, expected, found FROM (SELECT number, COALESCE(lag(last) OVER w + 1, 1) "
    "|| ' after ' || COALESCE(lag(hash) OVER w, '') AS expected, first || ' after ' || previous_hash AS found "
    "FROM event_blocks WINDOW w AS (ORDER BY number)) AS links WHERE expected <> found UNION ALL "
    "SELECT '', NULL, 'event feed', COALESCE(max(number), 0)::text, count(*)::text FROM event_feed "
    "HAVING COALESCE(max(number), 0) <> count(*)",
)
STATES: dict[str, tuple[str, dict[str, str]]] = {
    "quote": (
        "quotes",
        {
            "QuoteCreated": "draft",
            "QuoteApprovalRequested": "in_approval",
            "QuoteApproved": "approved",
            "QuoteRejected": "draft",
            "QuoteWithdrawn": "draft",
            "QuoteSent": "sent",
            "QuoteRevised": "draft",
            "QuoteAccepted": "accepted",
            "QuoteDeclined": "declined",
            "QuoteExpired": "expired",
            "QuoteCancelled": "cancelled",
        },
    ),
    "agreement": (
        "agreements",
        {
            "AgreementCreated": "draft",
            "AgreementSentForSignature": "out_for_signature",
            "AgreementRecalled": "draft",
            "AgreementSigned": "active",
            "AgreementDeclined": "declined",
            "AgreementCancelled": "cancelled",
            "AgreementEnded": "ended",
        },
    ),
    "order": (
        "orders",
        {
            "OrderBooked": "booked",
            "OrderHeld": "held",
            "OrderReleased": "booked",
            "OrderCompleted": "completed",
            "OrderCancelled": "cancelled",
        },
    ),
    "shipment": (
        "shipments",
        {
            "ShipmentCreated": "picking",
            "ShipmentShipped": "shipped",
            "ShipmentDelivered": "delivered",
            "ShipmentCancelled": "cancelled",
        },
    ),
    "subscription": (
        "subscriptions",
        {
            "SubscriptionCreated": "pending",
            "SubscriptionActivated": "active",
            "SubscriptionCancelled": "cancelled",
            "SubscriptionEnded": "ended",
        },
    ),
    "installation": (
        "installations",
        {
            "InstallationPlanned": "planned",
            "InstallationScheduled": "scheduled",
            "InstallationFinished": "done",
            "InstallationAccepted": "accepted",
            "InstallationRejected": "scheduled",
            "InstallationCancelled": "cancelled",
        },
    ),
    "invoice": ("invoices", {"InvoiceIssued": "issued", "InvoiceVoided": "void"}),
    "credit_note": ("credit_notes", {"CreditNoteIssued": "issued"}),
}
"""The status that each event leaves its subject in, by type of object and its table."""


def replay_law(kind: str) -> Law:
    """The law that the last event of each document of a kind tells the status in which it stands."""
    table, states = STATES[kind]
    values = ", ".join(f"('{event}', '{status}')" for event, status in states.items())
    return Law(
        f"log-tells-{table}",
        f"The log tells the status of {table.replace('_', ' ')} as it stands",
        f"SELECT '{kind}', d.id, d.number, s.status, d.status FROM (SELECT DISTINCT ON (e.object_ids[1]) "
        f"e.object_ids[1] AS id, m.status FROM events e JOIN (VALUES {values}) AS m (type, status) ON m.type = e.type "
        f"WHERE e.object_types[1] = '{kind}' ORDER BY e.object_ids[1], e.id DESC) s JOIN {table} d ON d.id = s.id "
        "WHERE d.status <> s.status",
    )


def broken_chain(*, whole: bool, limit: int) -> list[Break]:
    """Blocks whose hash is not that of their events: all of them, or a few (the newest, and some in between)."""
    chosen = [events.Block(*row) for row in sql.fetch(_BLOCKS.format(where="" if whole else _FEW))]
    found: list[Break] = []
    hashed = 0
    for block in chosen:
        size = block.last - block.first + 1
        if not whole and hashed + size > SAMPLE_EVENTS and hashed:
            break
        hashed += size
        sealed = [entry.event for entry in events.feed(after=block.first - 1, limit=size)]
        computed = chain_hash(block.previous_hash, sealed)
        if computed != block.hash:
            found.append(Break(CHAIN, "", None, f"block {block.number}", block.hash[:16], computed[:16]))
            if len(found) >= limit:
                break
    return found


_BLOCKS = "SELECT number, first, last, up_to_transaction, previous_hash, hash FROM event_blocks {where} ORDER BY 1 DESC"
_FEW = (
    f"WHERE number > (SELECT max(number) - {SAMPLE_BLOCKS // 2} FROM event_blocks) "
    f"OR number %% greatest(1, (SELECT max(number) FROM event_blocks) / {SAMPLE_BLOCKS // 2}) = 0"
)
NUMBERED = {
    "quote": "quotes",
    "agreement": "agreements",
    "customer": "customers",
    "order": "orders",
    "shipment": "shipments",
    "subscription": "subscriptions",
    "installation": "installations",
    "bill_run": "bill_runs",
    "invoice": "invoices",
    "credit_note": "credit_notes",
    "payment": "payments",
    "dispute": "disputes",
    "revenue_arrangement": "revenue_arrangements",
    "intercompany_sale": "intercompany_sales",
}


def series_in_use() -> list[SeriesUse]:
    """How the numbers of every series are used on documents."""
    parts = " UNION ALL ".join(
        f"SELECT '{kind}', prefix, count(*), min(number), max(number) FROM (SELECT "
        f"left(number, -length(tail)) AS prefix, tail::bigint AS number FROM (SELECT number, "
        f"substring(number FROM '[0-9]+$') AS tail FROM {table} WHERE number IS NOT NULL) AS n) AS s GROUP BY 2"
        for kind, table in NUMBERED.items()
    )
    return [SeriesUse(*row) for row in sql.fetch(parts)]


def series_given() -> dict[str, int]:
    """The last number given of every series that numbers documents, by its prefix."""
    rows = sql.fetch(
        "SELECT s.kind, COALESCE(e.code, ''), s.year, s.next - 1 FROM number_series s "
        "LEFT JOIN legal_entities e ON e.id = s.entity_id"
    )
    return {
        format_number(kind, code, year, 0).removesuffix("000000"): last
        for kind, code, year, last in rows
        if kind in NUMBERED
    }
