"""The API of bank accounts and statements: importing a file, matching, and what a person decides on a line."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.receive.bank import actions, queries
from cashline.flow.receive.bank.actions import Decision, MatchResult, NewBankAccount
from cashline.flow.receive.bank.queries import AccountRow, LineFilter, LineRow, StatementRow
from cashline.flow.receive.bank.rules.lifecycle import BankLineStatus
from cashline.flow.receive.bank.rules.match_plan import Proposal
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Bank"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]
type WriteOff = Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), decimal_places=4)]
type Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=10)]


class AccountIn(Closed):
    """A bank account of a legal entity."""

    entity: EntityCode
    iban: Annotated[str, StringConstraints(min_length=5, max_length=42)]
    name: Text = ""
    currency: CurrencyCode


class MatchingIn(Closed):
    """How sure a proposal must be to be applied unseen (percent), and which differences are written off."""

    auto_apply_confidence: Annotated[int, Field(ge=0, le=100)]
    tolerance_amount: WriteOff = Decimal(0)
    tolerance_rate: Share = Decimal(0)


class MatchRunIn(Closed):
    """Which account to match; all of them without one."""

    account: PublicId | None = None


class PartIn(Closed):
    """An invoice, the money put to it, and the rest of it that is written off."""

    invoice: PublicId
    amount: Amount
    write_off: WriteOff = Decimal(0)


class ApplyIn(Closed):
    """The place of a proposal (from 0), or the customer who paid and what it settles; the rest lies on account."""

    proposal: Annotated[int, Field(ge=0, lt=100)] | None = None
    customer: PublicId | None = None
    allocations: Annotated[list[PartIn], Field(max_length=1000)] = []


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount as the API writes it."""
    return f"{round_to(amount, minor_units(currency)):f}"


def account_shape(row: AccountRow) -> dict[str, Any]:
    """A bank account with what is declared of its matching."""
    return {
        "id": public("bank_account", row.id),
        "entity": row.entity_code,
        "iban": row.iban,
        "name": row.name,
        "currency": row.currency,
        "auto_apply_confidence": row.auto_apply_confidence,
        "tolerance_amount": amount_text(row.tolerance_amount, row.currency),
        "tolerance_rate": f"{row.tolerance_rate.normalize() + 0:f}",
    }


def statement_shape(row: StatementRow) -> dict[str, Any]:
    """An imported statement; `open_count` of its lines wait for a decision."""

    def balance(amount: Decimal | None) -> str | None:
        return None if amount is None else amount_text(amount, row.currency)

    return {
        "id": public("bank_statement", row.id),
        "account_id": public("bank_account", row.account_id),
        "iban": row.iban,
        "kind": row.kind,
        "reference": row.reference,
        "currency": row.currency,
        "from": row.from_day,
        "to": row.to_day,
        "opening_balance": balance(row.opening_balance),
        "closing_balance": balance(row.closing_balance),
        "line_count": row.line_count,
        "added_count": row.added_count,
        "open_count": row.open_count,
        "source": row.source,
        "imported_at": row.imported_at,
    }


def proposal_shape(proposal: Proposal, currency: str) -> dict[str, Any]:
    """One way to apply a line, with its reasons."""
    key = proposal.customer_id
    return {
        "rule": proposal.rule.value,
        "confidence": proposal.confidence,
        "customer_id": public("customer", key) if isinstance(key, UUID) else None,
        "allocations": [
            {
                "invoice_id": public("invoice", one.invoice_id) if isinstance(one.invoice_id, UUID) else None,
                "number": one.number,
                "amount": amount_text(one.amount, currency),
                "write_off": amount_text(one.write_off, currency),
                "write_off_reason": one.write_off_reason,
            }
            for one in proposal.allocations
        ],
        "unapplied": amount_text(proposal.unapplied, currency),
        "reasons": list(proposal.reasons),
    }


def line_shape(row: LineRow) -> dict[str, Any]:
    """A line with its proposals, best first."""
    return {
        "id": public("bank_line", row.id),
        "statement_id": public("bank_statement", row.statement_id),
        "status": row.status,
        "booked_on": row.booked_on,
        "value_on": row.value_on,
        "amount": amount_text(row.amount, row.currency),
        "currency": row.currency,
        "counterparty_name": row.counterparty_name,
        "counterparty_iban": row.counterparty_iban,
        "end_to_end_id": row.end_to_end_id,
        "remittance": row.remittance,
        "match_status": row.match_status,
        "match_reason": row.match_reason,
        "proposals": [proposal_shape(one, row.currency) for one in row.proposals],
        "payment_id": public("payment", row.payment_id) if row.payment_id else None,
        "payment_number": row.payment_number,
    }


def result_shape(result: MatchResult) -> dict[str, Any]:
    """How many lines came to what."""
    return {
        "applied": result.applied,
        "suggested": result.suggested,
        "unmatched": result.unmatched,
        "not_receipts": result.not_receipts,
    }


@router.get("/bank-accounts")
def account_list(request: HttpRequest) -> dict[str, Any]:
    """The bank accounts that statements are imported for."""
    caller = caller_of(request)
    caller.require("bank.read")
    rows = queries.accounts(entities=caller.entities("bank.read"))
    return {"items": [account_shape(row) for row in rows], "next_cursor": ""}


@router.post("/bank-accounts", response={201: dict[str, Any]})
def account_create(request: HttpRequest, body: AccountIn) -> tuple[int, dict[str, Any]]:
    """Add a bank account."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("bank.write", entity.id)
    new = NewBankAccount(entity.id, body.iban, body.name, body.currency)
    (key,) = actions.create_bank_accounts([new], now=caller.now, actor=caller.actor)
    return 201, account_shape(queries.account(key))


@router.post("/bank-accounts/{account_id}/matching")
def account_matching(request: HttpRequest, account_id: PublicId, body: MatchingIn) -> dict[str, Any]:
    """Declare how an account is matched."""
    caller = caller_of(request)
    row = _account(caller, account_id)
    if body.tolerance_amount and body.tolerance_rate:
        caller.require("payments.write_off", row.entity_id)
    actions.set_matching(row.id, **body.model_dump(), now=caller.now, actor=caller.actor)
    return account_shape(queries.account(row.id))


def _account(caller: Caller, account_id: str) -> AccountRow:
    row = queries.account(key_of("bank_account", account_id))
    require_visible(caller, "bank.write", row.entity_id, "bank_account", row.id)
    return row


@router.post("/bank-statements", response={201: dict[str, Any]})
def statement_import(
    request: HttpRequest,
    name: Annotated[str, Query(max_length=200, description="What the sender calls the file.")] = "statement",
    match: Annotated[bool, Query(description="Match what is open afterwards.")] = True,
) -> tuple[int, dict[str, Any]]:
    """Import a file, sent as the body: camt.052 to .054, MT940, MT942, or a zip of them. Again, it books nothing."""
    caller = caller_of(request)
    caller.require("bank.write")
    result = actions.import_statement(request.body, name, now=caller.now, actor=caller.actor)
    accounts = {row.id: row for row in queries.accounts()}
    for key in result.account_ids:
        caller.require("bank.write", accounts[key].entity_id)
    shape: dict[str, Any] = {
        "statements": [statement_shape(queries.statement(key)) for key in result.statement_ids],
        "added": result.added,
        "known": result.known,
        "split": result.split,
        "pending": result.pending,
    }
    if match and result.added:
        matched = actions.match_lines(account_ids=result.account_ids, now=caller.now, actor=caller.actor)
        shape["matched"] = result_shape(matched)
    return 201, shape


@router.get("/bank-statements")
def statement_list(
    request: HttpRequest,
    account_id: PublicId | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Statements, the newest import first unless sorted by imported_at or to_day."""
    caller = caller_of(request)
    caller.require("bank.read")
    chosen = [key_of("bank_account", account_id)] if account_id else None
    held = caller.entities("bank.read")
    return listed(queries.list_statements(ask_of(sort, cursor, limit), entities=held, accounts=chosen), statement_shape)


@router.get("/bank-statements/{statement_id}")
def statement_show(request: HttpRequest, statement_id: PublicId) -> dict[str, Any]:
    """One statement."""
    row = queries.statement(key_of("bank_statement", statement_id))
    require_visible(caller_of(request), "bank.read", row.entity_id, "bank_statement", row.id)
    return statement_shape(row)


@router.get("/bank-lines")
def line_list(
    request: HttpRequest,
    q: Words = "",
    statement_id: PublicId | None = None,
    account_id: PublicId | None = None,
    status: Annotated[list[BankLineStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    receipts: bool = False,
    booked_from: date | None = None,
    booked_before: date | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Lines, the newest first unless sorted by booked_on, amount, counterparty or confidence."""
    caller = caller_of(request)
    caller.require("bank.read")
    chosen = LineFilter(
        words=q,
        entities=caller.entities("bank.read"),
        accounts=[key_of("bank_account", account_id)] if account_id else None,
        statement_id=key_of("bank_statement", statement_id) if statement_id else None,
        statuses=status,
        receipts=receipts,
        booked_from=booked_from,
        booked_to=booked_before,
    )
    return listed(queries.list_lines(ask_of(sort, cursor, limit), chosen), line_shape)


@router.post("/bank-lines/match")
def line_match(request: HttpRequest, body: MatchRunIn) -> dict[str, Any]:
    """Match every open line again: what is sure is applied, the rest gets its proposals."""
    caller = caller_of(request)
    if body.account is None:
        caller.require("bank.write")
        chosen = [row.id for row in queries.accounts(entities=caller.entities("bank.write"))]
    else:
        chosen = [_account(caller, body.account).id]
    return result_shape(actions.match_lines(account_ids=chosen, now=caller.now, actor=caller.actor))


def seen_line(caller: Caller, line_id: str, permission: str = "bank.read") -> LineRow:
    """The line, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.line(key_of("bank_line", line_id))
    require_visible(caller, permission, row.entity_id, "bank_line", row.id)
    return row


@router.get("/bank-lines/{line_id}")
def line_show(request: HttpRequest, line_id: PublicId) -> dict[str, Any]:
    """One line with its proposals."""
    return line_shape(seen_line(caller_of(request), line_id))


@router.post("/bank-lines/{line_id}/apply")
def line_apply(request: HttpRequest, line_id: PublicId, body: ApplyIn) -> dict[str, Any]:
    """Record the payment that a line is: as proposed, or as said."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    given = tuple((key_of("invoice", one.invoice), one.amount, one.write_off) for one in body.allocations)
    customer = key_of("customer", body.customer) if body.customer else None
    decision = Decision(row.id, body.proposal, customer, given)
    require_write_off(caller, row, decision)
    actions.apply_matches([decision], now=caller.now, actor=caller.actor)
    return line_shape(queries.line(row.id))


def require_write_off(caller: Caller, row: LineRow, decision: Decision) -> None:
    """Writing a difference off needs a permission of its own."""
    written_off = any(part[2] for part in decision.allocations)
    if decision.proposal is not None and decision.proposal < len(row.proposals):
        written_off = any(one.write_off for one in row.proposals[decision.proposal].allocations)
    if written_off:
        caller.require("payments.write_off", row.entity_id)


@router.post("/bank-lines/{line_id}/ignore")
def line_ignore(request: HttpRequest, line_id: PublicId, body: Why) -> dict[str, Any]:
    """Say that a line is no payment of a customer."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    actions.ignore_lines([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return line_shape(queries.line(row.id))


@router.post("/bank-lines/{line_id}/take-up")
def line_take_up(request: HttpRequest, line_id: PublicId, body: Why) -> dict[str, Any]:
    """Take an ignored line up again."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    actions.take_up_lines([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return line_shape(queries.line(row.id))


@router.post("/bank-lines/{line_id}/unmatch")
def line_unmatch(request: HttpRequest, line_id: PublicId, body: Why) -> dict[str, Any]:
    """Take back what a line was matched to: its payment is reversed, and the line waits for a decision again."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    actions.unmatch_lines([row.id], reason=body.reason, today=today, now=caller.now, actor=caller.actor)
    return line_shape(queries.line(row.id))
