"""Reading how customers want their invoices, and what of agreements decides about it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.billing.rules.grouping import AgreementTraits, GroupBy
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


class GroupingRow(NamedTuple):
    """A customer with a rule of its own."""

    customer_id: UUID
    customer_number: str
    customer_name: str
    group_by: str


def agreement_traits(agreement_ids: Iterable[UUID | None]) -> dict[UUID, AgreementTraits]:
    """What of agreements decides about their invoice."""
    rows = sql.fetch("SELECT id, number, purchase_order FROM agreements WHERE id = ANY(%s)", (list(agreement_ids),))
    return {row[0]: AgreementTraits(*row[1:]) for row in rows}


def grouping_of(customer_id: UUID) -> GroupBy:
    """What runs put on one invoice of a customer."""
    row = sql.fetch_one("SELECT group_by FROM invoice_groupings WHERE customer_id = %s", (customer_id,))
    return GroupBy(row[0]) if row else GroupBy.AGREEMENT


def list_groupings(ask: lists.Ask, *, rules: Sequence[str] = ()) -> Page[GroupingRow]:
    """One page of the customers with a rule of their own."""
    conditions = lists.Conditions()
    conditions.among("g.group_by", rules)
    return lists.page(
        GroupingRow,
        columns="g.customer_id, c.number, c.name, g.group_by",
        source="invoice_groupings g JOIN customers c ON c.id = g.customer_id",
        key="g.customer_id",
        sorts={"customer": "lower(c.name)"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.customer_id,
    )
