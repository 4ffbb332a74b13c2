"""What awaits the customer and what runs, for the first page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for the customer: kind is quote, signature, invoice or installation."""

    kind: str
    id: UUID
    number: str
    title: str
    currency: str
    amount: Decimal | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What is open in a currency, and how much of it is overdue; `credit` is money on account, `prepaid` in wallets."""

    currency: str
    open: Decimal
    overdue: Decimal
    credit: Decimal
    prepaid: Decimal


def latest_entity(customer_id: UUID) -> UUID | None:
    """The legal entity of the customer's newest document."""
    row = sql.fetch_one(
        "SELECT entity_id FROM ("
        + " UNION ALL ".join(
            f"(SELECT entity_id, created_at FROM {table} WHERE customer_id = %(c)s ORDER BY created_at DESC LIMIT 1)"
            for table in ("quotes", "orders", "invoices")
        )
        + ") AS newest ORDER BY created_at DESC LIMIT 1",
        {"c": customer_id},
    )
    return row[0] if row else None


def tasks(customer_id: UUID, email: str, *, today: date, limit: int = 50) -> list[Task]:
    """What waits for the customer, the most pressing first: offers, this person's signature, invoices, acceptances."""
    return sql.fetch_as(
        Task,
        "SELECT kind, id, number, title, currency, amount, due_on FROM ("
        "SELECT 'quote' AS kind, q.id, q.number, q.title, q.currency, v.net_total AS amount, q.valid_until AS due_on "
        "FROM quotes q JOIN quote_versions v ON v.quote_id = q.id AND v.version = q.current_version "
        "WHERE q.customer_id = %(c)s AND q.status = 'sent' AND q.valid_until >= %(today)s "
        "UNION ALL SELECT 'signature', s.id, a.number, a.title, a.currency, a.net_total, NULL "
        "FROM signatures s JOIN agreements a ON a.id = s.agreement_id "
        "WHERE a.customer_id = %(c)s AND s.status = 'requested' AND a.status = 'out_for_signature' "
        "AND lower(s.signer_email) = lower(%(email)s) "
        "UNION ALL SELECT 'invoice', i.id, i.number, '', i.currency, i.open_amount, i.due_on "
        "FROM invoices i WHERE i.customer_id = %(c)s AND i.open_amount > 0 AND i.status = 'issued' "
        "UNION ALL SELECT 'installation', n.id, n.number, l.description, '', NULL, NULL "
        "FROM installations n JOIN order_lines o ON o.id = n.order_line_id "
        "JOIN agreement_lines l ON l.id = o.agreement_line_id "
        "WHERE n.customer_id = %(c)s AND n.status = 'done'"
        ") AS waiting ORDER BY due_on NULLS FIRST, id LIMIT %(limit)s",
        {"c": customer_id, "email": email, "today": today, "limit": limit},
    )


def balances(customer_id: UUID, *, today: date) -> list[Balance]:
    """What is open, overdue and on account, by currency."""
    return sql.fetch_as(
        Balance,
        "SELECT currency, sum(open_part), sum(overdue_part), sum(credit_part), sum(prepaid_part) FROM ("
        "SELECT currency, open_amount AS open_part, CASE WHEN due_on < %(today)s THEN open_amount ELSE 0 END AS "
        "overdue_part, 0 AS credit_part, 0 AS prepaid_part FROM invoices WHERE customer_id = %(c)s AND open_amount > 0 "
        "UNION ALL SELECT currency, 0, 0, unapplied_amount, 0 FROM payments "
        "WHERE customer_id = %(c)s AND unapplied_amount > 0 "
        "UNION ALL SELECT currency, 0, 0, CASE WHEN wallet_id IS NULL THEN balance ELSE 0 END, "
        "CASE WHEN wallet_id IS NULL THEN 0 ELSE balance END FROM customer_credits "
        "WHERE customer_id = %(c)s AND balance > 0"
        ") AS part GROUP BY currency ORDER BY currency",
        {"c": customer_id, "today": today},
    )


def running(customer_id: UUID) -> tuple[int, int]:
    """How many orders are under way, and how many subscriptions run."""
    row = sql.fetch_one(
        "SELECT (SELECT count(*) FROM orders WHERE customer_id = %(c)s AND status IN ('held', 'booked')), "
        "(SELECT count(*) FROM subscriptions WHERE customer_id = %(c)s AND status IN ('active', 'cancelled'))",
        {"c": customer_id},
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)
