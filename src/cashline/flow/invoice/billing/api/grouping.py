"""What runs put on one invoice of a customer: an agreement each, all of them, those of one order reference, or less."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.agree.customers.queries import customer
from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.queries.grouping import GroupingRow, grouping_of, list_groupings
from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, Cursor, Limit, PublicId, Sort, ask_of, listed

router = Router()


class InvoiceGroupingIn(Closed):
    """What goes on one invoice of a customer; by agreement is what holds without a rule."""

    group_by: GroupBy


def grouping_shape(row: GroupingRow) -> dict[str, Any]:
    """The rule of a customer."""
    return {
        "customer_id": public("customer", row.customer_id),
        "customer_number": row.customer_number,
        "customer_name": row.customer_name,
        "group_by": row.group_by,
    }


def shape_of(customer_id: PublicId) -> dict[str, Any]:
    """The rule of a customer, also where it has none of its own; raises NotFound."""
    row = customer(key_of("customer", customer_id))
    return grouping_shape(GroupingRow(row.id, row.number, row.name, grouping_of(row.id).value))


@router.get("/invoice-groupings")
def invoice_grouping_list(
    request: HttpRequest,
    group_by: Annotated[list[GroupBy], Query()] = [],  # noqa: B006 - read only, and shown in the description
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """The customers whose invoices are combined or split by a rule of their own."""
    caller_of(request).require("billing.read")
    return listed(list_groupings(ask_of(sort, cursor, limit), rules=group_by), grouping_shape)


@router.get("/customers/{customer_id}/invoice-grouping")
def invoice_grouping_show(request: HttpRequest, customer_id: PublicId) -> dict[str, Any]:
    """What runs put on one invoice of a customer."""
    caller_of(request).require("billing.read")
    return shape_of(customer_id)


@router.post("/customers/{customer_id}/invoice-grouping")
def invoice_grouping_set(request: HttpRequest, customer_id: PublicId, body: InvoiceGroupingIn) -> dict[str, Any]:
    """Say what runs put on one invoice of a customer from now on; what is issued stays."""
    caller = caller_of(request)
    caller.require("billing.run")
    actions.set_invoice_grouping(
        customer_id=key_of("customer", customer_id), group_by=body.group_by, now=caller.now, actor=caller.actor
    )
    return shape_of(customer_id)
