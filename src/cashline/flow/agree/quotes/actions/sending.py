"""Sending quotes: the version is frozen, its PDF stored, and the mail put into the outbox."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import CustomerRow, addresses_of, customers_by_id
from cashline.flow.agree.customers.rules import CustomerStatus, not_active
from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.actions.approving import approve_within_authority, refuse_beyond_authority
from cashline.flow.agree.quotes.actions.moving import move, quote_event
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow
from cashline.flow.agree.quotes.queries.documents import quote_pdf
from cashline.flow.agree.quotes.rules import QuoteStatus, QuoteUnsendable
from cashline.kernel.refusals import Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.actions import NewFile, store_files
from cashline.platform.events.actions import record
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.permissions.rules import Authority

FILE_KIND = "quote"


@transaction.atomic
def send_quotes(quote_ids: Sequence[UUID], *, authority: Authority, today: date, now: datetime) -> None:
    """Send quotes to their contacts: the version is frozen for good, its PDF stored and mailed once.

    A draft within the authority of the sender is approved on the way; one beyond it raises ApprovalNeeded.
    """
    rows = list(queries.quotes_for_update(quote_ids).values())
    customers = customers_by_id(row.customer_id for row in rows)
    lines = _lines_by_version(rows)
    raise_all(error for row in rows for error in _errors(row, customers[row.customer_id], lines, today))
    drafts = [row for row in rows if row.status == QuoteStatus.DRAFT]
    for row in drafts:
        refuse_beyond_authority(row, authority)
    approve_within_authority(drafts, authority=authority, now=now)
    rows = list(queries.quotes_by_id(row.id for row in rows).values())
    move(rows, "send")
    sql.execute("UPDATE quote_versions SET frozen_at = %s WHERE id = ANY(%s)", (now, [row.version_id for row in rows]))
    _store_pdfs(rows, lines, customers, today, now)
    enqueue(
        [
            OutboxMessage(
                "quote_mail", f"quote_mail:{row.version_id}", {"quote_id": str(row.id), "version": row.version}
            )
            for row in rows
        ],
        now=now,
    )
    events = [quote_event("QuoteSent", row, {"to": _address(row, customers[row.customer_id])}) for row in rows]
    record(events, now=now, actor=authority.actor)


def _address(row: QuoteRow, customer: CustomerRow) -> str:
    return row.contact_email or customer.email


def _errors(row: QuoteRow, customer: CustomerRow, lines: dict[UUID, list[QuoteLineRow]], today: date) -> list[Refusal]:
    errors: list[Refusal] = []
    if customer.status != CustomerStatus.ACTIVE:
        errors.append(not_active(customer.name, customer.status, field="customer_id"))
    if not _address(row, customer):
        message = f"{row.number} has nobody to go to."
        errors.append(QuoteUnsendable(message, field="contact_email", fix="Name a contact with an e-mail address."))
    if row.valid_until < today:
        message = f"{row.number} could only be accepted until {row.valid_until}."
        errors.append(QuoteUnsendable(message, field="valid_until", fix="Give a later last day."))
    if not lines.get(row.version_id):
        errors.append(QuoteUnsendable(f"{row.number} has no lines.", field="lines"))
    return errors


def _lines_by_version(rows: Sequence[QuoteRow]) -> dict[UUID, list[QuoteLineRow]]:
    found: dict[UUID, list[QuoteLineRow]] = {}
    for line in queries.version_lines(row.version_id for row in rows):
        found.setdefault(line.version_id, []).append(line)
    return found


def _store_pdfs(
    rows: Sequence[QuoteRow],
    lines: dict[UUID, list[QuoteLineRow]],
    customers: dict[UUID, CustomerRow],
    today: date,
    now: datetime,
) -> None:
    entities = entities_by_id(row.entity_id for row in rows)
    addresses = addresses_of(row.customer_id for row in rows)
    files = [
        NewFile(
            "quote_version",
            row.version_id,
            FILE_KIND,
            f"{row.number}-v{row.version}.pdf",
            "application/pdf",
            quote_pdf(
                row,
                lines[row.version_id],
                entity=entities[row.entity_id],
                customer=customers[row.customer_id],
                addresses=addresses[row.customer_id],
                issued_on=today,
                now=now,
            ),
            row.customer_id,
        )
        for row in rows
    ]
    store_files(files, now=now)
