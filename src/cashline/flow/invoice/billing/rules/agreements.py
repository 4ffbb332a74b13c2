"""The bills of an agreement: its plan compared with what was posted, as drafts and credits, and when to look again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.billing.rules.charges import ALWAYS, BillingConventions
from cashline.flow.invoice.billing.rules.differences import BillCharge, BillCredit, PostedLine, diff, horizon
from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.flow.invoice.billing.rules.planning import LineToBill, next_due_of, plan_lines
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost, Credit
from cashline.flow.invoice.billing.rules.plans.settling import Settlement
from cashline.flow.invoice.billing.rules.waiting import BillingPolicy
from cashline.flow.invoice.credit_notes.rules import CreditCause, CreditRequest
from cashline.flow.invoice.invoices.rules.issuing import DraftInvoice, DraftLine
from cashline.kernel.refusals import Refusal

AHEAD_DAYS = 366
"""How far beyond today a run may bill."""


class TooFarAhead(Refusal):
    """A run cannot bill what falls due in more than a year."""

    code = "too_far_ahead"


class DueAgreement(NamedTuple):
    """An agreement that a run must look at. `today` is the business day of its legal entity.

    `plans`: rate plans are subscribed to under it. `policy` is how its legal entity lets runs post (None: freely), and
    `held`: a bill of it waits. `group_by` is the customer's rule of what goes on one invoice, where it has one.
    """

    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    settled_through: date | None
    billed: bool
    today: date
    plans: bool = False
    policy: BillingPolicy | None = None
    held: bool = False
    group_by: GroupBy | None = None


class AgreementBills(NamedTuple):
    """What a run appends for one agreement; `next_due_on` and `settled_through` say when to look at it again.

    `posts` are the charges of rate plans behind the lines and the credits; of `refunds` (invoices) what was paid
    beyond the used days is paid back; of `settled` subscriptions what lies before a day is planned no more. One that
    cannot be planned says why in `refusal`.
    """

    due: DueAgreement
    draft: DraftInvoice | None
    requests: list[CreditRequest]
    next_due_on: date | None
    settled_through: date | None
    posts: Sequence[ChargePost] = ()
    refunds: frozenset[UUID] = frozenset()
    settled: Sequence[Settlement] = ()
    refusal: Refusal | None = None


def require_near(as_of: date, today: date) -> None:
    """Refuse a day too far ahead, for which the plan would have no end (TooFarAhead)."""
    if as_of > today + timedelta(days=AHEAD_DAYS):
        raise TooFarAhead(
            f"A run bills at most {AHEAD_DAYS} days ahead, and {as_of} is later.",
            field="as_of",
            fix=f"Give a day up to {today + timedelta(days=AHEAD_DAYS)}.",
        )


def bill_agreement(
    due: DueAgreement,
    lines: Sequence[LineToBill],
    posted: Sequence[PostedLine],
    units: Mapping[UUID, str],
    as_of: date,
    conventions: BillingConventions,
    bill_run_id: UUID | None,
) -> AgreementBills:
    """The draft and the credits that bring an agreement to its plan as of a day.

    Where nothing has changed since it was last settled, only what fell due after that is planned.
    """
    through = horizon(posted, as_of)
    after = due.settled_through or ALWAYS
    planned = plan_lines(lines, through=through, after=after, conventions=conventions)
    difference = diff(planned, posted, through=as_of)
    draft = None
    if difference.charges:
        charges = sorted(difference.charges, key=_place)
        draft = DraftInvoice(
            due.entity_id,
            due.customer_id,
            due.agreement_id,
            due.currency,
            due.today,
            tuple([_draft_line(charge, units) for charge in charges]),
            bill_run_id,
        )
    requests = list(_requests(difference.credits)) if difference.credits else []
    next_day = next_due_of(lines, after=as_of, conventions=conventions)
    return AgreementBills(due, draft, requests, next_day, as_of if through <= as_of else None)


def _place(charge: BillCharge) -> tuple[int, date, int]:
    return (charge.planned.term.line_no, charge.planned.period_start, charge.revision)


def _draft_line(charge: BillCharge, units: Mapping[UUID, str]) -> DraftLine:
    planned = charge.planned
    term = planned.term
    line = DraftLine(
        planned.line_id,
        term.product_id,
        term.kind,
        term.tax_category,
        planned.source_id,
        planned.period_start,
        charge.revision,
        planned.period,
        term.description,
        planned.quantity,
        units[term.product_id],
        planned.unit_price,
        charge.net_amount,
        planned.supplied_on,
        term.interval_months > 0,
        charge.derivation,
    )
    if charge.gross_amount is None:
        return line
    return line._replace(gross_amount=charge.gross_amount, included_tax_rate=term.included_tax_rate)


def _requests(credits_found: Iterable[BillCredit]) -> Iterable[CreditRequest]:
    """One request for each invoice, its lines with what is taken back of them."""
    by_invoice: dict[UUID, dict[UUID, Decimal]] = {}
    with_tax: dict[UUID, dict[UUID, Decimal]] = {}
    for item in credits_found:
        lines = by_invoice.setdefault(item.invoice_id, {})
        lines[item.invoice_line_id] = lines.get(item.invoice_line_id, Decimal(0)) + item.net_amount
        if item.gross_amount is not None:
            with_tax.setdefault(item.invoice_id, {})[item.invoice_line_id] = item.gross_amount
    for key, lines in by_invoice.items():
        prices = with_tax.get(key, {})
        yield CreditRequest(key, CORRECTION, tuple(lines.items()), CreditCause.CORRECTION, with_tax=prices)


def plan_requests(credits_found: Iterable[Credit]) -> list[CreditRequest]:
    """One request for each invoice of which charges of plans take something back."""
    by_invoice: dict[UUID, dict[UUID, Decimal]] = {}
    for item in credits_found:
        lines = by_invoice.setdefault(item.invoice_id, {})
        lines[item.invoice_line_id] = lines.get(item.invoice_line_id, Decimal(0)) + item.net_amount
    return [
        CreditRequest(invoice_id, CORRECTION, tuple(lines.items()), CreditCause.CORRECTION, to_balance=True)
        for invoice_id, lines in by_invoice.items()
    ]


CORRECTION = "What was delivered or agreed has changed since this was billed"
