"""The API of books: open one, decide its policies, run it, and compare two."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router

from cashline.flow.recognise.books.actions import (
    BookRunResult,
    NewBook,
    open_book,
    run_books,
    set_policies,
    suppose_policies,
)
from cashline.flow.recognise.books.queries.books import BookRow, book, book_by_code, books_of, policy_history
from cashline.flow.recognise.books.queries.reports import (
    BookEntryRow,
    Compared,
    DifferenceRow,
    book_balances,
    book_entries,
    book_lines,
    difference_page,
    differences,
)
from cashline.flow.recognise.books.rules.policies import CHOICE, JOURNAL, Policies, Standard
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import Entity, entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    Name,
    PublicId,
    Reason,
    Text,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Recognise"])
type Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
type Code = Annotated[str, Query(max_length=20)]
type AskedEntity = Annotated[str, Query(max_length=8)]
HEADER = ("contract", "part", "account", "name", "month", "first", "second", "difference", "choice", "amount", "reason")


class PoliciesIn(Closed):
    """What a book elects; each default is what the journal does."""

    timing: Literal["standard", "as_invoiced"] = "standard"
    allocation: Literal["relative", "stated"] = "relative"
    estimates: Literal["estimated", "when_settled"] = "estimated"
    financing: Literal["judged", "one_year", "none"] = "judged"
    contract_costs: Literal["capitalised", "one_year", "expensed"] = "capitalised"
    impairments: Literal["as_judged", "never_reversed"] = "as_judged"

    def policies(self) -> Policies:
        """The same as the rules take it."""
        return Policies(**self.model_dump())


class BookIn(Closed):
    """A book beside the journal, with why it follows these policies."""

    entity: EntityCode
    code: Text
    name: Name
    standard: Standard
    policies: PoliciesIn = PoliciesIn()
    reason: Reason


class BookDecisionIn(Closed):
    """What a book elects from now on, for all periods, and why."""

    policies: PoliciesIn
    reason: Reason


class BookRunIn(Closed):
    """The last day that counts, for one legal entity or (none named) all that the caller may run."""

    through: date
    entity: EntityCode | None = None


class BookWhatIfIn(Closed):
    """Policies that a book might elect, and the last day of the difference."""

    through: date
    policies: PoliciesIn


@router.get("/accounting-books")
def book_list(request: HttpRequest) -> dict[str, Any]:
    """The books beside the journal, by entity and code."""
    caller = caller_of(request)
    caller.require("ledger.read")
    return {"items": [shape(row) for row in books_of(caller.entities("ledger.read"))], "next_cursor": ""}


@router.post("/accounting-books", response={201: dict[str, Any]})
def book_create(request: HttpRequest, body: BookIn) -> tuple[int, dict[str, Any]]:
    """Open a book; the next run posts where it differs from the journal, from the first contract on."""
    caller = caller_of(request)
    owner = entity_by_code(body.entity)
    caller.require("ledger.write", owner.id)
    new = NewBook(owner.id, body.code, body.name, body.standard, body.policies.policies())
    key = open_book(new, reason=body.reason, now=caller.now, actor=caller.actor)
    return 201, shape(book(key))


@router.get("/accounting-books/{book_id}")
def book_detail(request: HttpRequest, book_id: PublicId) -> dict[str, Any]:
    """One book with everything that it ever elected."""
    row = seen(caller_of(request), book_id)
    history = [
        {
            "version": one.version,
            "policies": one.policies,
            "reason": one.reason,
            "decided_by": one.decided_by,
            "decided_at": one.decided_at,
        }
        for one in policy_history(row.id)
    ]
    return shape(row) | {"history": history}


@router.post("/accounting-books/{book_id}/policies")
def book_decide(request: HttpRequest, book_id: PublicId, body: BookDecisionIn) -> dict[str, Any]:
    """Decide what a book elects; the next run posts the difference, for closed months in the first open one."""
    caller = caller_of(request)
    row = seen(caller, book_id, "ledger.write")
    policies = body.policies.policies()
    set_policies(book_id=row.id, policies=policies, reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(book(row.id))


@router.post("/accounting-books/{book_id}/what-if")
def book_what_if(request: HttpRequest, book_id: PublicId, body: BookWhatIfIn) -> dict[str, Any]:
    """What the next run would post if the book elected these policies; nothing is kept."""
    caller = caller_of(request)
    row = seen(caller, book_id)
    policies = body.policies.policies()
    found = suppose_policies(
        book_id=row.id, policies=policies, through=body.through, now=caller.now, actor=caller.actor
    )
    return {"through": body.through} | run_shape(found)


@router.get("/accounting-books/{book_id}/trial-balance")
def book_trial_balance(
    request: HttpRequest, book_id: PublicId, as_of: Day = None, known_at: datetime | None = None
) -> dict[str, Any]:
    """Debits, credits and balance of each account in a book at the end of a day, in the entity's currency."""
    caller = caller_of(request)
    row = seen(caller, book_id)
    owner = entities_by_id([row.entity_id])[row.entity_id]
    found = book_balances(owner.id, row, as_of or caller.today(owner.timezone), known_at=known_at)
    items = [
        {"code": one.code, "name": one.name, "debit": one.debit, "credit": one.credit, "balance": one.balance}
        for one in found
    ]
    return {"book": row.code, "entity": owner.code, "currency": owner.currency, "items": items, "next_cursor": ""}


@router.get("/accounting-books/{book_id}/entries")
def book_entry_list(
    request: HttpRequest,
    book_id: PublicId,
    cursor: Cursor = "",
    limit: Limit = 50,
    start: Day = None,
    end: Day = None,
) -> dict[str, Any]:
    """What a book posted otherwise than the journal, newest first, with lines; days from `start` to before `end`."""
    row = seen(caller_of(request), book_id)
    page = book_entries(ask_of("", cursor, limit), book_id=row.id, start=start, end=end)
    lines: dict[Any, list[dict[str, Any]]] = {}
    for line in book_lines([one.id for one in page.items]):
        told = {
            "account": line.account_code,
            "name": line.account_name,
            "amount": line.amount,
            "functional_amount": line.functional_amount,
            "subject": line.subject,
            "derivation": line.derivation,
        }
        lines.setdefault(line.entry_id, []).append(told)
    return listed(page, lambda one: _entry(one) | {"lines": lines.get(one.id, [])})


@router.post("/book-runs")
def book_run(request: HttpRequest, body: BookRunIn) -> dict[str, Any]:
    """Post where books differ from the journal, once its revenue is run; a second run finds nothing."""
    return _run(request, body, preview=False)


@router.post("/book-run-previews")
def book_run_preview(request: HttpRequest, body: BookRunIn) -> dict[str, Any]:
    """What the run would post; nothing is kept."""
    return _run(request, body, preview=True)


def _run(request: HttpRequest, body: BookRunIn, *, preview: bool) -> dict[str, Any]:
    caller = caller_of(request)
    entity_id = entity_by_code(body.entity).id if body.entity else None
    caller.require("revenue.run", entity_id)
    entity_ids = [entity_id] if entity_id else caller.entities("revenue.run")
    found = [
        result
        for one in (entity_ids if entity_ids is not None else [None])
        for result in run_books(
            through=body.through, entity_id=one, now=caller.now, actor=caller.actor, preview=preview
        )
    ]
    return {"through": body.through, "preview": preview, "books": [run_shape(one) for one in found]}


@router.get("/book-differences", response=dict[str, Any])
def book_difference_list(
    request: HttpRequest,
    entity: AskedEntity,
    second: Code,
    first: Code = JOURNAL,
    start: Day = None,
    end: Day = None,
    format: Literal["json", "csv"] = "json",  # noqa: A002
    cursor: Cursor = "",
    limit: Limit = 50,
) -> HttpResponse | dict[str, Any]:
    """How two books differ by contract, account and month, each difference with its reasons; `journal` is the journal.

    Days are from `start` to before `end`; amounts in the entity's currency, debit positive. CSV holds all rows.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("ledger.read", owner.id)
    asked = Compared(chosen(owner, first), chosen(owner, second), start=start, end=end)
    if format == "csv":
        text = as_csv(differences(asked), owner.currency)
        answer = StreamingHttpResponse(text, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="differences-{first}-{second}.csv"'
        return answer  # type: ignore[return-value]
    place = _place(cursor)
    rows = difference_page(asked, offset=place, limit=limit + 1)
    following = str(place + limit) if len(rows) > limit else ""
    return {
        "entity": owner.code,
        "currency": owner.currency,
        "first": first,
        "second": second,
        "items": [difference_shape(one) for one in rows[:limit]],
        "next_cursor": following,
    }


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isdecimal() or not cursor.isascii() or len(cursor) > 9:
        raise InvalidValue("This cursor is not one of ours.", field="cursor")
    return int(cursor)


def as_csv(rows: Iterable[DifferenceRow], currency: str) -> Iterator[str]:
    """The differences as CSV: a line for each reason, so that the amounts sum to the differences."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    digits = minor_units(currency)
    yield text.getvalue()
    for row in rows:
        text.seek(0)
        text.truncate()
        told = (row.number, row.contract, row.code, row.name, f"{row.month:%Y-%m}")
        amounts = [round_to(one, digits) for one in (row.first, row.second, row.difference)]
        for one in row.reasons:
            why = f"{one.choice.words} ({one.choice.paragraph})"
            writer.writerow((*told, *amounts, one.choice.code, round_to(one.amount, digits), why))
        yield text.getvalue()


def chosen(owner: Entity, code: str) -> BookRow | None:
    """The book of an entity with that code; None is the journal. Raises NotFound."""
    return None if code == JOURNAL else book_by_code(owner.id, code)


def seen(caller: Caller, book_id: PublicId, permission: str = "ledger.read") -> BookRow:
    """The book, where the caller may see it; raises NotFound or Forbidden."""
    row = book(key_of("accounting_book", book_id))
    require_visible(caller, permission, row.entity_id, "accounting_book", row.id)
    return row


def shape(row: BookRow) -> dict[str, Any]:
    """A book as every door tells it."""
    return {
        "id": public("accounting_book", row.id),
        "entity": public("entity", row.entity_id),
        "code": row.code,
        "name": row.name,
        "standard": row.standard.value,
        "version": row.version,
        "policies": msgspec.to_builtins(row.policies),
        "differs": [
            {"choice": one.code, "what": one.words, "paragraph": one.paragraph} for one in row.policies.differing()
        ],
        "reason": row.reason,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
    }


def _entry(row: BookEntryRow) -> dict[str, Any]:
    return {
        "id": public("book_entry", row.id),
        "day": row.day,
        "month": f"{row.month:%Y-%m}",
        "contract": public(row.source_type, row.source_id),
        "part": row.contract,
        "choice": row.rule,
        "reason": f"{CHOICE[row.rule].words} ({CHOICE[row.rule].paragraph})",
        "text": row.text,
        "currency": row.currency,
        "total": row.total,
        "posted_at": row.posted_at,
    }


def run_shape(result: BookRunResult) -> dict[str, Any]:
    """A run of a book as every door tells it."""
    return {
        "book": result.book.code,
        "contracts": result.contracts,
        "entries": result.entries,
        "amounts": [
            {"currency": currency, "month": f"{month:%Y-%m}", "account": account, "choice": choice, "amount": amount}
            for (currency, month, account, choice), amount in sorted(result.amounts.items())
            if amount
        ],
        "exceptions": [{"contract": str(key), "why": why} for key, why in result.exceptions],
    }


def difference_shape(row: DifferenceRow) -> dict[str, Any]:
    """A difference as every door tells it."""
    return {
        "contract": public(row.source_type, row.source_id),
        "number": row.number,
        "part": row.contract,
        "account": row.code,
        "name": row.name,
        "month": f"{row.month:%Y-%m}",
        "first": row.first,
        "second": row.second,
        "difference": row.difference,
        "reasons": [
            {
                "choice": one.choice.code,
                "amount": one.amount,
                "what": one.choice.words,
                "paragraph": one.choice.paragraph,
            }
            for one in row.reasons
        ],
    }
