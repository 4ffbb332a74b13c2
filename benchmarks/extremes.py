"""Billing at its edges, for `billing.py`: an account of many subscriptions, a long invoice, a restless subscription."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks.measuring import load, memory, timed
from benchmarks.plans import ACTOR, FIRST, NOW, Company

SECOND_MONTH = datetime(2026, 2, 1, 9, tzinfo=UTC)


def bill_one_account(count: int) -> None:
    """One customer with that many subscriptions, and so one invoice of three times as many lines: one run."""
    from cashline.flow.invoice.billing.actions import run_bills

    company = Company.open()
    customer = company.customers(1)[0]
    print(f"one account with {count} subscriptions")
    with timed("subscribed, the first month billed"):
        company.subscribe([customer] * count)
    company.use(FIRST)
    who: dict[str, Any] = {"now": SECOND_MONTH, "actor": ACTOR}
    with timed("one run", lambda seconds: f", {count / seconds:,.0f} subscriptions/s"):
        result = run_bills(as_of=date(2026, 2, 1), **who)
    if (result.invoices, result.documents[0].lines) != (1, 3 * count):
        raise SystemExit(f"{result.invoices} invoices, not one of {3 * count} lines")
    with timed("the second run"):
        again = run_bills(as_of=date(2026, 2, 1), **who)
    if again.invoices or again.credit_notes:
        raise SystemExit("the second run is not empty")


def issue_a_long_invoice(lines: int) -> None:
    """One invoice of that many lines, issued and posted, and its PDF with the e-invoice inside."""
    from cashline.flow.invoice.invoices.actions import issue_invoices
    from cashline.flow.invoice.invoices.actions.documents import DocumentForm, invoice_document
    from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of

    company = Company.open()
    customer = company.customers(1)[0]
    items = [
        NewItem(f"Item {index}", Decimal(100 + index % 900) / 100, Decimal(1 + index % 9)) for index in range(lines)
    ]
    print(f"one invoice of {lines} lines")
    with timed("issued, with its journal entry"):
        draft = draft_of(NewInvoice(company.entity, customer, "EUR", items), FIRST)
        key = issue_invoices([draft], now=NOW, actor=ACTOR)[0]
    with timed("its PDF with the CII inside"):
        document = invoice_document(key, DocumentForm.PDF, now=NOW)
    print(f"  the PDF has {len(document.content) / 1_000_000:.1f} MB")


def change_often(count: int) -> None:
    """That many changes of one subscription, each recorded and billed at once, with a run in each month."""
    from cashline.flow.deliver.subscriptions.actions import change_lives
    from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeKind
    from cashline.flow.invoice.billing.actions import run_bills

    company = Company.open()
    company.subscribe(company.customers(1))
    subscription: UUID = company.subscriptions[0]
    now, began, running, marks = NOW, time.perf_counter(), 0.0, []
    for index in range(count):
        month, now = now.month, now + timedelta(hours=17)
        if now.month != month:
            at = time.perf_counter()
            run_bills(as_of=now.date(), now=now, actor=ACTOR)
            running += time.perf_counter() - at
            now += timedelta(minutes=1)
        kinds: list[dict[str, Any]] = [
            {"kind": LifeKind.QUANTITY_CHANGED, "quantity": Decimal(1 + index % 11)},
            {"kind": LifeKind.PLAN_CHANGED, "plan_id": company.plans[index // 2 % 2]},
        ]
        change_lives([LifeChange(subscription, **kinds[index % 2])], now=now, actor=ACTOR)
        if (index + 1) * 4 // count > len(marks):
            marks.append((time.perf_counter() - began - running) / (count / 4))
            began, running = time.perf_counter(), 0.0
    print(f"{count} changes of one subscription over {(now - NOW).days} days, each billed at once ({load()})")
    print("  milliseconds a change, by the quarter: " + ", ".join(f"{mark * 1000:.1f}" for mark in marks))
    with timed("the run after them"):
        run_bills(as_of=now.date(), now=now, actor=ACTOR)
    print(f"  peak memory {memory()} MB", flush=True)
