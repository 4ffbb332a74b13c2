"""How what a run bills of a customer on one day is put on invoices: combined over agreements, or split by a key.

Whatever the rule, an invoice has one legal entity, one currency, one day and one term of payment.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind


class GroupBy(StrEnum):
    """What goes on one invoice of a customer (its bill-to account)."""

    AGREEMENT = "agreement"
    CUSTOMER = "customer"
    PURCHASE_ORDER = "purchase_order"
    SUBSCRIPTION = "subscription"


COMBINING = frozenset({GroupBy.CUSTOMER, GroupBy.PURCHASE_ORDER})
"""The rules that combine agreements, so that a batch must hold all of a customer that is due."""


class AgreementTraits(NamedTuple):
    """What of an agreement decides about the invoice: its number, and the customer's order reference."""

    number: str
    purchase_order: str


class BillToGroup(NamedTuple):
    """The bill of one agreement with its term of payment and its orders."""

    draft: DraftInvoice
    terms_days: int
    order_ids: tuple[UUID, ...]


class GroupedBill(NamedTuple):
    """An invoice to be: the draft, and the orders that stand behind it."""

    draft: DraftInvoice
    order_ids: tuple[UUID, ...]


def group_bills(
    bills: Iterable[BillToGroup], rules: Mapping[UUID, GroupBy], traits: Mapping[UUID, AgreementTraits]
) -> list[GroupedBill]:
    """The invoices of bills, in the order in which they first appear; `rules` are by customer, `traits` by agreement.

    A bill that takes earlier invoices off, or is of usage in the middle of a period, stays what it is.
    """
    groups: dict[tuple[object, ...], list[tuple[BillToGroup, DraftLine]]] = {}
    for place, bill in enumerate(bills):
        draft = bill.draft
        rule = rules.get(draft.customer_id, GroupBy.AGREEMENT)
        if draft.agreement_id is None or draft.deducts or draft.kind is not InvoiceKind.STANDARD:
            rule, alone = GroupBy.AGREEMENT, place
        else:
            alone = -1
        for line, key in zip(draft.lines, _keys(draft, rule, traits), strict=True):
            common = (draft.customer_id, draft.entity_id, draft.currency, draft.issued_on, bill.terms_days, alone)
            groups.setdefault((*common, key), []).append((bill, line))
    return [_grouped(found, traits) for found in groups.values()]


def _keys(draft: DraftInvoice, rule: GroupBy, traits: Mapping[UUID, AgreementTraits]) -> list[str]:
    """What each line of a bill is grouped by. Lines that come to nothing go with the first that does not."""
    key = draft.agreement_id
    if rule is GroupBy.AGREEMENT or key is None:
        return [str(key)] * len(draft.lines)
    if rule is GroupBy.CUSTOMER:
        return [""] * len(draft.lines)
    if rule is GroupBy.PURCHASE_ORDER:
        return [traits[key].purchase_order or str(key)] * len(draft.lines)
    found = [json.loads(line.details).get("subscription", str(key)) for line in draft.lines]
    worth = {one for one, line in zip(found, draft.lines, strict=True) if line.net_amount}
    first = next((one for one in found if one in worth), found[0])
    return [one if one in worth else first for one in found]


def _grouped(found: Sequence[tuple[BillToGroup, DraftLine]], traits: Mapping[UUID, AgreementTraits]) -> GroupedBill:
    """One invoice of lines; over several agreements each line says which, and the common order reference stays."""
    bills = list({bill.draft.agreement_id: bill for bill, _ in found}.values())
    first = bills[0].draft
    if len(bills) == 1:
        return GroupedBill(first._replace(lines=tuple(line for _, line in found)), bills[0].order_ids)
    keys = tuple(key for bill in bills if (key := bill.draft.agreement_id) is not None)
    references = {traits[key].purchase_order for key in keys}
    lines = tuple(_named(line, bill.draft.agreement_id, traits, references) for bill, line in found)
    draft = first._replace(
        agreement_id=None,
        lines=lines,
        purchase_order=references.pop() if len(references) == 1 else "",
        terms_days=bills[0].terms_days,
        combines=keys,
    )
    return GroupedBill(draft, tuple(key for bill in bills for key in bill.order_ids))


def _named(
    line: DraftLine, key: UUID | None, traits: Mapping[UUID, AgreementTraits], references: set[str]
) -> DraftLine:
    """The line with its agreement, and its own order reference where they differ."""
    assert key is not None  # noqa: S101 - bills without an agreement are not combined
    one = traits[key]
    words = one.number if len(references) == 1 or not one.purchase_order else f"{one.number}, {one.purchase_order}"
    return line._replace(agreement_id=key, description=f"{line.description} ({words})")
