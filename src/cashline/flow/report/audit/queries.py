"""Reading the audit pack: each table of it is one query, written into the zip; the manifest tells what was written."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple
from uuid import UUID

import msgspec

from cashline import __version__
from cashline.flow.recognise.revenue.queries.arrangements import facts_of
from cashline.flow.recognise.revenue.rules.standard.planning import plan_revenue
from cashline.flow.recognise.revenue.rules.standard.postings import known_by
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform import sql

MOST_CONTRACTS = 20_000
_IN_MEMORY = 8 * 1024 * 1024
_MADE = (1980, 1, 1, 0, 0, 0)
_ENTRIES = (
    "SELECT entry_id FROM revenue_postings WHERE agreement_id = ANY(%(ids)s) UNION "
    "SELECT entry_id FROM journal_lines WHERE agreement_id = ANY(%(ids)s) UNION "
    "SELECT entry_id FROM arrangement_postings WHERE arrangement_id = ANY(%(arrangements)s)"
)
_OBJECTS = (
    "SELECT unnest(%(ids)s::uuid[]) UNION SELECT unnest(%(arrangements)s::uuid[]) "
    "UNION SELECT id FROM orders WHERE agreement_id = ANY(%(ids)s)"
)
_OF_BOOKS = "source_id = ANY(%(ids)s::uuid[] || %(arrangements)s::uuid[])"
_CURRENCIES = "SELECT DISTINCT currency FROM revenue_arrangements WHERE id = ANY(%(arrangements)s) ORDER BY 1"
_INVOICES = (
    "SELECT id FROM invoices WHERE agreement_id = ANY(%(ids)s) UNION "
    "SELECT invoice_id FROM invoice_agreements WHERE agreement_id = ANY(%(ids)s)"
)
TABLES: dict[str, tuple[str, str]] = {
    "agreements": (
        "id number origin status customer entity currency starts_on signed_on net_total",
        "SELECT a.id, a.number, a.origin, a.status, c.number, e.code, a.currency, a.starts_on, a.signed_on, "
        "a.net_total "
        "FROM agreements a JOIN customers c ON c.id = a.customer_id JOIN legal_entities e ON e.id = a.entity_id "
        "WHERE a.id = ANY(%(ids)s) ORDER BY a.id",
    ),
    "terms": (
        "id line_id agreement_id line_no kind description quantity unit_price stand_alone_price interval_months "
        "term_months revenue_pattern billing_trigger net_total valid known_at",
        "SELECT id, line_id, agreement_id, line_no, kind, description, quantity, unit_price, stand_alone_price, "
        "interval_months, term_months, revenue_pattern, billing_trigger, net_total, valid::text, known_at "
        "FROM agreement_lines WHERE agreement_id = ANY(%(ids)s) ORDER BY agreement_id, line_no, id",
    ),
    "signatures": (
        "agreement_id signer status requested_at signed_at document_sha256",
        "SELECT agreement_id, signer_name, status, requested_at, signed_at, document_sha256 FROM signatures "
        "WHERE agreement_id = ANY(%(ids)s) ORDER BY id",
    ),
    "deliveries": (
        "id line_id kind quantity effective_on known_at source_id",
        "SELECT d.id, d.line_id, d.kind, d.quantity, d.effective_on, d.known_at, d.source_id FROM deliveries d "
        "WHERE d.line_id IN (SELECT line_id FROM agreement_lines WHERE agreement_id = ANY(%(ids)s)) ORDER BY d.id",
    ),
    "charges": (
        "line_id agreement_id component starts_on ends_on amount invoice_line_id credit_note_id",
        "SELECT c.subscription_id, s.agreement_id, c.component, c.starts_on, c.ends_on, c.amount, c.invoice_line_id, "
        "c.credit_note_id FROM subscriptions s JOIN subscription_charges c ON c.subscription_id = s.id "
        "WHERE s.agreement_id = ANY(%(ids)s) AND s.plan_version_id IS NOT NULL UNION ALL "
        "SELECT l.id, i.agreement_id, l.component, l.period_start, l.period_start + 1, l.net_amount, l.id, NULL "
        "FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id AND l.line_id IS NULL AND l.component = 'item' "
        "WHERE i.agreement_id = ANY(%(ids)s) AND i.status <> 'draft' ORDER BY 1, 4, 6",
    ),
    "obligations": (
        "id line_id version agreement_id pattern open_ended transaction_price stand_alone_price allocated_price "
        "created_at derivation",
        "SELECT id, line_id, version, agreement_id, pattern, open_ended, transaction_price, stand_alone_price, "
        "allocated_price, created_at, derivation FROM obligations WHERE agreement_id = ANY(%(ids)s) "
        "ORDER BY agreement_id, line_id, version",
    ),
    "postings": (
        "id line_id agreement_id month sequence through amount entry_id created_at derivation",
        "SELECT id, line_id, agreement_id, month, sequence, through, amount, entry_id, created_at, derivation "
        "FROM revenue_postings WHERE agreement_id = ANY(%(ids)s) ORDER BY agreement_id, line_id, month, sequence",
    ),
    "invoices": (
        "id number agreement_id issued_on currency net_total tax_total gross_total",
        "SELECT id, number, agreement_id, issued_on, currency, net_total, tax_total, gross_total FROM invoices "
        f"WHERE id IN ({_INVOICES}) AND status <> 'draft' ORDER BY id",
    ),
    "credit_notes": (
        "id number invoice_id agreement_id issued_on currency net_total tax_total gross_total cause",
        "SELECT c.id, c.number, c.invoice_id, i.agreement_id, c.issued_on, c.currency, c.net_total, c.tax_total, "
        "c.gross_total, c.cause FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id "
        f"WHERE i.id IN ({_INVOICES}) AND c.status = 'issued' ORDER BY c.id",
    ),
    "accounts": (
        "id entity code name type role",
        "SELECT a.id, e.code, a.code, a.name, a.type, a.role FROM accounts a "
        "JOIN legal_entities e ON e.id = a.entity_id "
        "WHERE a.entity_id IN (SELECT entity_id FROM agreements WHERE id = ANY(%(ids)s) UNION "
        "SELECT entity_id FROM revenue_arrangements WHERE id = ANY(%(arrangements)s)) ORDER BY e.code, a.code",
    ),
    "arrangements": (
        "id number customer entity currency title run_through",
        "SELECT a.id, a.number, c.number, e.code, a.currency, a.title, a.through FROM revenue_arrangements a "
        "LEFT JOIN customers c ON c.id = a.customer_id JOIN legal_entities e ON e.id = a.entity_id "
        "WHERE a.id = ANY(%(arrangements)s) ORDER BY a.id",
    ),
    "facts": (
        "id arrangement_id sequence kind type subject effective_on body paragraph reason decision recorded_by "
        "recorded_at",
        "SELECT id, arrangement_id, sequence, kind, type, subject, effective_on, body, paragraph, reason, decision, "
        "recorded_by, recorded_at FROM revenue_facts WHERE arrangement_id = ANY(%(arrangements)s) "
        "ORDER BY arrangement_id, sequence",
    ),
    "arrangement_postings": (
        "id arrangement_id contract day account subject nature sequence amount entry_id created_at derivation",
        "SELECT id, arrangement_id, contract, day, account, subject, nature, sequence, amount, entry_id, created_at, "
        "derivation FROM arrangement_postings WHERE arrangement_id = ANY(%(arrangements)s) "
        "ORDER BY arrangement_id, day, id",
    ),
    "books": (
        "id entity code name standard version policies reason decided_by decided_at",
        "SELECT b.id, e.code, b.code, b.name, b.standard, p.version, p.policies, p.reason, p.decided_by, p.decided_at "
        "FROM accounting_books b JOIN legal_entities e ON e.id = b.entity_id JOIN book_policies p ON p.book_id = b.id "
        f"WHERE b.id IN (SELECT book_id FROM book_entries WHERE {_OF_BOOKS}) ORDER BY b.id, p.version",
    ),
    "book_entries": (
        "id book_id currency day belongs_on month source_type source_id contract rule sequence text line_count "
        "posted_at",
        "SELECT id, book_id, currency, day, belongs_on, month, source_type, source_id, contract, rule, sequence, text, "
        f"line_count, posted_at FROM book_entries WHERE {_OF_BOOKS} ORDER BY id",
    ),
    "book_lines": (
        "entry_id line_no account_id amount functional_amount day name subject nature derivation",
        "SELECT entry_id, line_no, account_id, amount, functional_amount, day, name, subject, nature, derivation "
        f"FROM book_lines WHERE entry_id IN (SELECT id FROM book_entries WHERE {_OF_BOOKS}) ORDER BY entry_id, line_no",
    ),
    "journal_entries": (
        "id book currency day belongs_on source_type source_id rule text line_count posted_at",
        "SELECT id, book, currency, day, belongs_on, source_type, source_id, rule, text, line_count, posted_at "
        f"FROM journal_entries WHERE id IN ({_ENTRIES}) ORDER BY id",
    ),
    "journal_lines": (
        "entry_id line_no account_id amount functional_amount day agreement_id document_id",
        "SELECT entry_id, line_no, account_id, amount, functional_amount, day, agreement_id, document_id "
        f"FROM journal_lines WHERE entry_id IN ({_ENTRIES}) ORDER BY entry_id, line_no",
    ),
    "events": (
        "id type time actor reason data",
        f"SELECT id, type, time, actor, reason, data FROM events WHERE object_ids && ARRAY({_OBJECTS}) ORDER BY id",
    ),
    "totals": (
        "agreement_id number currency recognised billed position",
        "SELECT a.id, a.number, a.currency, "
        "COALESCE((SELECT sum(p.amount) FROM revenue_postings p WHERE p.agreement_id = a.id), 0), "
        "COALESCE((SELECT sum(i.net_total) FROM invoices i WHERE i.agreement_id = a.id AND i.status <> 'draft'), 0) - "
        "COALESCE((SELECT sum(c.net_total) FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id "
        "WHERE i.agreement_id = a.id AND c.status = 'issued'), 0) + "
        "COALESCE((SELECT sum(s.net_total) FROM invoice_agreements s WHERE s.agreement_id = a.id), 0) - "
        "COALESCE((SELECT sum(k.net_amount - k.discount_amount) FROM invoice_lines l JOIN credit_note_lines k "
        "ON k.invoice_line_id = l.id JOIN credit_notes c ON c.id = k.credit_note_id "
        "WHERE l.agreement_id = a.id AND c.status = 'issued'), 0), "
        "COALESCE((SELECT sum(l.amount) FROM journal_lines l JOIN accounts x ON x.id = l.account_id "
        "AND x.role = 'contract_position' WHERE l.agreement_id = a.id), 0) "
        "FROM agreements a WHERE a.id = ANY(%(ids)s) ORDER BY a.id",
    ),
}
"""The files of a pack: the columns of each, and the query that gives its rows."""
ALLOCATIONS = "arrangement_allocations"
"""The file that no table holds: what each arrangement's plan allocates, on the last day that was run."""
SCRIPTS = tuple(Path(__file__).with_name(name) for name in ("recompute.py", "replan.py", "rebook.py"))
"""What checks a pack without us: each figure by its record, the plans again from their facts, and the books beside."""


class Chosen(NamedTuple):
    """The contracts of a pack: agreements, and arrangements with facts of their own."""

    agreements: Sequence[UUID]
    arrangements: Sequence[UUID] = ()

    def __len__(self) -> int:
        return len(self.agreements) + len(self.arrangements)


def contract_for(number: str) -> tuple[Chosen, UUID]:
    """The agreement or arrangement with that number, and its entity; raises NotFound."""
    rows = sql.fetch(
        "SELECT id, NULL::uuid, entity_id FROM agreements WHERE number = %(number)s UNION ALL "
        "SELECT NULL, id, entity_id FROM revenue_arrangements WHERE number = %(number)s",
        {"number": number.strip()},
    )
    if not rows:
        raise NotFound(f"There is no contract {number[:40]!r}.", field="contract")
    agreement, arrangement, entity_id = rows[0]
    return Chosen([agreement] if agreement else [], [arrangement] if arrangement else []), entity_id


def contracts_of_period(entity_id: UUID, whole: FiscalPeriod) -> Chosen:
    """The contracts of an entity whose revenue was recognised for a period, or posted in it."""
    agreements = sql.fetch(
        "SELECT DISTINCT p.agreement_id FROM revenue_postings p JOIN journal_entries e ON e.id = p.entry_id "
        "WHERE e.entity_id = %(entity)s AND ((p.month >= %(start)s AND p.month < %(end)s) "
        "OR (e.day >= %(start)s AND e.day < %(end)s)) ORDER BY 1",
        {"entity": entity_id, "start": whole.start, "end": whole.end},
    )
    arrangements = sql.fetch(
        "SELECT a.id FROM revenue_arrangements a WHERE a.entity_id = %(entity)s AND EXISTS (SELECT "
        "FROM arrangement_postings p JOIN journal_entries e ON e.id = p.entry_id WHERE p.arrangement_id = a.id "
        "AND ((p.day >= %(start)s AND p.day < %(end)s) OR (e.day >= %(start)s AND e.day < %(end)s))) ORDER BY 1",
        {"entity": entity_id, "start": whole.start, "end": whole.end},
    )
    return Chosen(sql.ids(agreements), sql.ids(arrangements))


def audit_pack(chosen: Chosen, *, subject: str, now: datetime) -> IO[bytes]:
    """The pack of those contracts as a zip, at its start and ready to be read; large ones are spooled to disk.

    Raises InvalidValue for none or too many contracts.
    """
    if not 0 < len(chosen) <= MOST_CONTRACTS:
        raise InvalidValue(
            f"A pack holds 1 to {MOST_CONTRACTS} contracts, not {len(chosen)}.",
            field="contract",
            fix="Ask for a contract, or for a month with revenue.",
        )
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the answer that sends it closes it
    listed: dict[str, dict[str, Any]] = {}
    params = {"ids": list(chosen.agreements), "arrangements": list(chosen.arrangements)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (columns, statement) in TABLES.items():
            rows = sql.fetch(statement, params)
            listed[f"{name}.csv"] = _write(archive, f"{name}.csv", _csv(columns.split(), rows), len(rows))
        planned = list(_allocations(chosen.arrangements))
        listed[f"{ALLOCATIONS}.csv"] = _write(
            archive, f"{ALLOCATIONS}.csv", _csv(_ALLOCATED.split(), planned), len(planned)
        )
        for script in SCRIPTS:
            listed[script.name] = _write(archive, script.name, iter([script.read_text(encoding="utf-8")]), 0)
        manifest = {
            "program": f"cashline {__version__}",
            "subject": subject,
            "made_at": now.isoformat(timespec="seconds"),
            "contracts": len(chosen),
            "check": " && ".join(f"python3 {script.name} PACK" for script in SCRIPTS),
            "minor_units": {currency: minor_units(currency) for (currency,) in sql.fetch(_CURRENCIES, params)},
            "files": listed,
        }
        _write(archive, "manifest.json", iter([msgspec.json.format(msgspec.json.encode(manifest)).decode()]), 0)
    file.seek(0)
    return file


_ALLOCATED = (
    "arrangement_id contract obligation stand_alone_price allocated recognised remaining set_aside price progress"
)


def _allocations(arrangement_ids: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """What is allocated to each obligation, and the price of its contract, as last run."""
    through = dict(
        sql.fetch(
            "SELECT id, through FROM revenue_arrangements WHERE id = ANY(%s) AND through IS NOT NULL ORDER BY id",
            (list(arrangement_ids),),
        )
    )
    known = facts_of(list(through))
    for key, day in through.items():
        [moment] = plan_revenue(known_by(known[key].facts, day), [day])
        for name, units in moment.units.items():
            for place, unit in enumerate(units):
                for one in unit.obligations.values():
                    yield (
                        *(key, f"{name} {place}", one.work.id, one.ssp, one.allocated, one.revenue, one.remaining),
                        *(one.set_aside, unit.price, one.progress),
                    )


def _write(archive: zipfile.ZipFile, name: str, texts: Iterator[str], rows: int) -> dict[str, Any]:
    """Write a file of the pack; gives its line of the manifest."""
    info = zipfile.ZipInfo(name, _MADE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as target:
        for text in texts:
            data = text.encode()
            digest.update(data)
            target.write(data)
    return {"sha256": digest.hexdigest(), "rows": rows}


def _csv(columns: list[str], rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(value) for value in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)
