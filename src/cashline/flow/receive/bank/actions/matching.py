"""Matching open lines to open invoices: what is sure is applied at once, the rest keeps its proposals for a person.

One batch is one transaction: the lines, the account and the invoices are held, so that nothing is applied to an invoice
that somebody else has settled meanwhile.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.invoices.queries import open_items
from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.queries import AccountRow, OpenLine
from cashline.flow.receive.bank.rules.lifecycle import BANK_LINE, BankLineStatus
from cashline.flow.receive.bank.rules.matching import LineMatch, MatchStatus, OpenItem, Proposal, plan_matches
from cashline.flow.receive.bank.rules.stored_proposals import proposals_as_json
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.flow.receive.payments.queries import withholding_left
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id, known_exchange_rates
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

BATCH = 5_000
_ENDING = re.compile(r"\d{3,}")
_COLUMNS = {
    "status": "text",
    "match_status": "text",
    "match_reason": "text",
    "confidence": "int",
    "proposals": "jsonb",
    "payment_id": "uuid",
}


@dataclass(slots=True)
class MatchResult:
    """How many lines came to what."""

    applied: int = 0
    suggested: int = 0
    unmatched: int = 0
    not_receipts: int = 0

    @property
    def seen(self) -> int:
        """All lines that were looked at."""
        return self.applied + self.suggested + self.unmatched + self.not_receipts


def match_lines(
    *,
    account_ids: Sequence[UUID] | None = None,
    statement_id: UUID | None = None,
    now: datetime,
    actor: str,
    batch: int = BATCH,
) -> MatchResult:
    """Match every open line of the accounts (None: of all), or those of one statement; running again is safe.

    Each batch commits by itself, so that a run that was killed goes on where it was.
    """
    wanted = [account.id for account in queries.accounts()] if account_ids is None else list(account_ids)
    result = MatchResult()
    for account_id in sorted(wanted):
        after: tuple[date, UUID] | None = None
        while True:
            after = _match_batch(account_id, after, statement_id, batch, result, now=now, actor=actor)
            if after is None:
                break
    return result


@transaction.atomic
def _match_batch(
    account_id: UUID,
    after: tuple[date, UUID] | None,
    statement_id: UUID | None,
    limit: int,
    result: MatchResult,
    *,
    now: datetime,
    actor: str,
) -> tuple[date, UUID] | None:
    """Match the next lines; gives the place of the last of them, None where it was the last of all."""
    queries.lock_accounts([account_id])
    account = queries.account(account_id)
    lines = queries.open_lines_for_update(account_id, after=after, statement_id=statement_id, limit=limit)
    if not lines:
        return None
    plan = plan_matches(
        [one.line for one in lines],
        _items(account),
        account.settings,
        settled=queries.settled_numbers(account.entity_id, _endings(lines)),
    )
    decided = _applicable(list(zip(lines, plan.matches, strict=True)), _without_rate(account, lines))
    payments = [_payment(account, line, match.proposals[0]) for line, match, sure in decided if sure]
    paid = iter(record_payments(payments, now=now, actor=actor) if payments else [])
    rows, events = [], []
    for line, match, sure in decided:
        payment_id = next(paid) if sure else None
        rows.append(_row(line, match, payment_id))
        _count(result, match, sure)
        if payment_id is not None:
            events.append(matched_event(line.id, account.id, payment_id, match.proposals[0], unseen=True))
    sql.update("bank_lines", _COLUMNS, rows)
    record(events, now=now, actor=actor)
    last = lines[-1]
    return (last.line.booking_date, last.id) if len(lines) == limit else None


def _items(account: AccountRow) -> list[OpenItem]:
    rows = open_items(entity_id=account.entity_id, currency=account.currency)
    expected = [row.invoice_id for row in rows if row.withheld]
    withheld = {one.invoice_id: one.expected for one in withholding_left(expected)} if expected else {}
    return [
        OpenItem(
            invoice_id=item.invoice_id,
            number=item.number,
            customer_id=item.customer_id,
            customer_name=item.customer_name,
            currency=item.currency,
            open_amount=item.open_amount,
            due_date=item.due_on,
            entity_id=item.entity_id,
            ibans=tuple(item.known_ibans),
            withheld=withheld.get(item.invoice_id, Decimal(0)),
        )
        for item in rows
    ]


def _endings(lines: Sequence[OpenLine]) -> list[str]:
    """What the numbers that the texts name may end in."""
    found = {
        word[-6:].rjust(6, "0")
        for one in lines
        for text in (one.line.remittance, one.line.end_to_end_id, *one.line.creditor_references)
        for word in _ENDING.findall(text)
    }
    return sorted(found)


type _Decided = tuple[OpenLine, LineMatch, bool]


def _without_rate(account: AccountRow, lines: Sequence[OpenLine]) -> dict[date, str]:
    """The days for which the currency of the account has no rate to the entity's, with what to do about it."""
    own = entities_by_id([account.entity_id])[account.entity_id].currency
    if own == account.currency:
        return {}
    pairs = {(account.currency, own, one.line.booking_date) for one in lines}
    missing = sorted(day for *_, day in pairs - known_exchange_rates(pairs).keys())
    why = f"No exchange rate from {account.currency} to {own} is known up to %s: give one, and match again."
    return {day: why % day for day in missing}


def _applicable(matches: Sequence[tuple[OpenLine, LineMatch]], without_rate: Mapping[date, str]) -> list[_Decided]:
    """Which matches can be applied now: the invoices are locked, and still open by what is put to them."""
    sure = [match.applied for _, match in matches if match.applied is not None]
    locked = queries.lock_open_amounts(_invoice(one) for proposal in sure for one in proposal.allocations)
    left = {key: open_amount for key, (_, open_amount) in locked.items()}
    found: list[_Decided] = []
    for line, match in matches:
        proposal = match.applied
        against = ""
        if proposal is not None:
            against = without_rate.get(line.line.booking_date) or _hindrance(proposal, locked, left)
        fits = proposal is not None and not against
        if proposal is not None and fits:
            for one in proposal.allocations:
                left[_invoice(one)] -= one.amount + one.write_off
        found.append((line, _demoted(match, against) if against else match, fits))
    return found


type _Locked = Mapping[UUID, tuple[UUID, Decimal]]


def _hindrance(proposal: Proposal, locked: _Locked, left: Mapping[UUID, Decimal]) -> str:
    """Why a sure proposal cannot be applied unseen; empty where nothing stands against it."""
    if {locked[_invoice(one)][0] for one in proposal.allocations if _invoice(one) in locked} - {proposal.customer_id}:
        return "It pays invoices of several customers: record it by hand."
    for one in proposal.allocations:
        if one.amount <= 0 or one.amount + one.write_off > left.get(_invoice(one), Decimal(0)):
            return f"{one.number} was settled meanwhile: match again."
    return ""


def _demoted(match: LineMatch, against: str) -> LineMatch:
    """A sure match that something stands against becomes a suggestion with the reason."""
    return replace(match, status=MatchStatus.SUGGEST, reason=against)


def _invoice(allocation: Any) -> UUID:
    key: UUID = allocation.invoice_id
    return key


def _payment(account: AccountRow, line: OpenLine, proposal: Proposal) -> NewPayment:
    customer_id = proposal.customer_id
    assert isinstance(customer_id, UUID)  # noqa: S101 - the items of `_items` have no other
    digits = minor_units(account.currency)
    return NewPayment(
        customer_id=customer_id,
        entity_id=account.entity_id,
        currency=account.currency,
        amount=round_to(line.line.amount, digits),
        method="bank_transfer",
        received_on=line.line.booking_date,
        source_id=line.source_id,
        allocations=tuple((_invoice(one), one.amount, one.write_off) for one in proposal.allocations),
    )


def _row(line: OpenLine, match: LineMatch, payment_id: UUID | None) -> tuple[Any, ...]:
    status = BankLineStatus.OPEN if payment_id is None else BANK_LINE.target("match", BankLineStatus.OPEN)
    return (
        line.id,
        status.value,
        match.status.value,
        match.reason,
        match.proposals[0].confidence if match.proposals else 0,
        sql.json(proposals_as_json(match.proposals)),
        payment_id,
    )


def _count(result: MatchResult, match: LineMatch, applied: bool) -> None:
    if applied:
        result.applied += 1
    elif match.status is MatchStatus.NOT_A_RECEIPT:
        result.not_receipts += 1
    elif match.status is MatchStatus.UNMATCHED:
        result.unmatched += 1
    else:
        result.suggested += 1


def matched_event(
    line_id: UUID, account_id: UUID, payment_id: UUID, proposal: Proposal | None, *, unseen: bool
) -> Event:
    """The event of a line that became a payment; `proposal` is None where a person said it otherwise."""
    return Event(
        "BankLineMatched",
        (
            ObjectRef("bank_line", line_id),
            ObjectRef("payment", payment_id, "recorded"),
            ObjectRef("bank_account", account_id, "account"),
        ),
        {
            "unseen": unseen,
            "rule": proposal.rule.value if proposal else "by_hand",
            "confidence": proposal.confidence if proposal else None,
            "reasons": list(proposal.reasons) if proposal else [],
        },
    )
