"""Putting what a batch bills on invoices as its customers want it, and setting what a customer wants."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customer
from cashline.flow.invoice.billing.queries.grouping import agreement_traits
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement
from cashline.flow.invoice.billing.rules.grouping import BillToGroup, GroupBy, group_bills
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries import grounds_of
from cashline.flow.invoice.invoices.rules.drafts import PreparedInvoice, Terms
from cashline.flow.invoice.invoices.rules.issuing import prepare
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


def group_prepared(
    bills: Sequence[AgreementBills], prepared: Sequence[PreparedInvoice], *, for_update: bool
) -> tuple[list[PreparedInvoice], Mapping[UUID, str]]:
    """The invoices of a batch as their customers' rules have them, with the parties of those that were put together.

    What was prepared by agreement says which agreements can be billed. Should a sum be too large for one invoice, the
    invoices stay as they were.
    """
    rules = {item.due.customer_id: item.due.group_by for item in bills if item.due.group_by is not None}
    apart = [item for item in prepared if item.draft.customer_id not in rules]
    terms = {item.draft.agreement_id: item.terms for item in prepared if item.draft.customer_id in rules}
    wanted = [
        BillToGroup(item.draft, terms[key].payment_terms_days, terms[key].order_ids)
        for item in bills
        if item.draft is not None and (key := item.due.agreement_id) in terms
    ]
    if not wanted:
        return list(prepared), {}
    together = group_bills(wanted, rules, agreement_traits(terms))
    found = grounds_of([item.draft for item in together], for_update=for_update)
    fresh, refused = prepare([item.draft for item in together], found.grounds)
    if refused:
        return list(prepared), {}
    for index, bill in enumerate(together):
        if bill.draft.combines:
            of_all = Terms(None, fresh[index].terms.payment_terms_days, bill.order_ids)
            fresh[index] = fresh[index]._replace(terms=of_all)
    return apart + fresh, found.parties


def credit_together(
    requests: Sequence[tuple[DueAgreement, CreditRequest]],
) -> list[tuple[list[DueAgreement], CreditRequest]]:
    """One request for each invoice, also where several agreements on it give something back."""
    found: dict[UUID, tuple[list[DueAgreement], CreditRequest]] = {}
    for due, request in requests:
        known = found.get(request.invoice_id)
        if known is None:
            found[request.invoice_id] = ([due], request)
            continue
        of, one = known
        lines = (*(one.lines or ()), *(request.lines or ()))
        prices = {**one.with_tax, **request.with_tax}
        merged = replace(one, lines=lines, to_balance=one.to_balance and request.to_balance, with_tax=prices)
        found[request.invoice_id] = ([*of, due], merged)
    return list(found.values())


@transaction.atomic
def set_invoice_grouping(*, customer_id: UUID, group_by: GroupBy, now: datetime, actor: str) -> None:
    """Say what runs put on one invoice of a customer from now on. Raises NotFound."""
    row = customer(customer_id)
    if group_by is GroupBy.AGREEMENT:
        sql.execute("DELETE FROM invoice_groupings WHERE customer_id = %s", (row.id,))
    else:
        sql.execute(
            "INSERT INTO invoice_groupings (customer_id, group_by) VALUES (%s, %s) "
            "ON CONFLICT (customer_id) DO UPDATE SET group_by = EXCLUDED.group_by",
            (row.id, group_by.value),
        )
    data = {"group_by": group_by.value}
    record([Event("InvoiceGroupingSet", (ObjectRef("customer", row.id),), data)], now=now, actor=actor)
