"""Billing subscriptions to plans: by the run, and at once by the event of a change; one plan, one difference.

The difference is taken from the whole of a subscription; what of it a trigger bills is `differences.chosen`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from cashline.flow.invoice.billing.actions.planning import Occasions, PlannedLife, plan_due, plan_on_occasion
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement, plan_requests
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost, Credit
from cashline.flow.invoice.billing.rules.plans.shapes import Component
from cashline.flow.invoice.invoices.rules.issuing import DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.kernel.identifiers import new_ids
from cashline.platform import sql


def bills_of_plans(
    due: Sequence[DueAgreement],
    as_of: date,
    bill_run_id: UUID | None,
    *,
    now: datetime,
    occasions: Occasions | None = None,
) -> list[AgreementBills]:
    """What brings the subscriptions under those agreements to their plan: by a run, or on occasion of events."""
    lives = plan_due(due, as_of, now=now) if occasions is None else plan_on_occasion(due, occasions, now=now)
    on_occasion = occasions is not None
    return [_bills(item, lives.get(item.agreement_id, ()), bill_run_id, on_occasion=on_occasion) for item in due]


def _bills(
    due: DueAgreement, lives: Sequence[PlannedLife], bill_run_id: UUID | None, *, on_occasion: bool
) -> AgreementBills:
    """The bills of an agreement; where its lines are worth nothing there is no invoice.

    Then what is given back is posted, and usage at the event that came to nothing, so that it is not billed again.
    """
    refusal = next((life.refusal for life in lives if life.refusal is not None), None)
    if refusal is not None:
        return AgreementBills(due, None, [], None, None, refusal=refusal)
    lines: list[DraftLine] = []
    credits_found: list[Credit] = []
    for life in lives:
        lines += life.made.lines
        credits_found += life.made.credits
    posts = [life.made.posts for life in lives]
    draft = None
    if any(line.net_amount for line in lines):
        early = any(post.charge.subject.early for ones in posts for post in ones)
        draft = DraftInvoice(
            due.entity_id, due.customer_id, due.agreement_id, due.currency, due.today, tuple(lines), bill_run_id,
            InvoiceKind.PARTIAL if early else InvoiceKind.STANDARD,
            tuple(key for life in lives for key in life.made.deducts),
        )  # fmt: skip
    else:
        posts = [[post for post in ones if post.credited_invoice is not None or is_over(post)] for ones in posts]
    next_day = min((life.next_due for life in lives if life.next_due is not None), default=None)
    return AgreementBills(
        due,
        draft,
        plan_requests(credits_found) if credits_found else [],
        date.min if on_occasion else next_day,
        None,
        [post for ones in posts for post in ones],
        frozenset(item.invoice_id for item in credits_found if item.refund),
        [found for life, ones in zip(lives, posts, strict=True) if (found := life.settles(ones)) is not None],
    )


def is_over(post: ChargePost) -> bool:
    """Is it usage that was billed at its event and rounds to nothing? It is over, and needs no document."""
    charge = post.charge
    return charge.advance and charge.subject.component is Component.CHARGE and not charge.amount


_FIELDS = (
    "id subscription_id component plan_version_id meter dimension value add_on early place source_id revision "
    "starts_on ends_on whole_start whole_end days of_days quantity level_at_end unit_price amount against_id "
    "invoice_line_id credit_note_id recorded_at"
)
_POSTS = _FIELDS.split()


def keep_charges(
    posts: Sequence[ChargePost],
    lines: Mapping[tuple[UUID, date, int], UUID],
    credit_notes: Mapping[UUID, UUID],
    *,
    now: datetime,
) -> None:
    """Keep what each line and each credit was for; `lines` and `credit_notes` (by invoice) are those just issued."""
    rows = []
    for key, post in zip(new_ids(len(posts)), posts, strict=True):
        charge = post.charge
        line_id = note_id = None
        if post.credited_invoice is None:
            key_of_line = (post.source_id, charge.start, post.revision)
            line_id = lines.get(key_of_line) if is_over(post) else lines[key_of_line]
        else:
            note_id = credit_notes[post.credited_invoice]
        rows.append(
            (key, post.subscription_id, charge.subject.component.value, *charge.subject[1:], charge.place,
             post.source_id, post.revision, charge.start, charge.end, charge.whole_start, charge.whole_end,
             charge.days, charge.of_days, charge.quantity, charge.level_at_end, charge.unit_price, charge.amount,
             charge.against, line_id, note_id, now)
        )  # fmt: skip
    sql.insert("subscription_charges", _POSTS, rows)
