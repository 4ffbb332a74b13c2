"""The console's pages of books: what each elects, its trial balance and entries, and how two of them differ."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.books.actions import NewBook, open_book, run_books, set_policies
from cashline.flow.recognise.books.queries.books import BookRow, book, books_of, policy_history
from cashline.flow.recognise.books.queries.reports import (
    BookEntryRow,
    Compared,
    DifferenceRow,
    book_balances,
    book_entries,
    difference_page,
    difference_total,
)
from cashline.flow.recognise.books.rules.policies import CHOICE, CHOICES, JOURNAL, Policies, Standard, read_policies
from cashline.flow.recognise.ledger.queries.balances import AccountBalance
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity, entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.lists import Ask
from cashline.platform.pages.acting import act, read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Row,
    Table,
)
from cashline.platform.pages.fields import Field, Reading
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of

BOOKS = (
    Column("code", lazy("Book"), "code", place="title"),
    Column("name", lazy("Name")),
    Column("standard", lazy("Standard"), place="state"),
    Column("entity", lazy("Entity"), "code"),
    Column("differs", lazy("Otherwise than the journal")),
)
CHOSEN = (
    Column("what", lazy("Otherwise than the journal"), place="title"),
    Column("paragraph", lazy("Paragraph")),
)
BALANCES = (
    Column("code", lazy("Account"), "code", place="title"),
    Column("name", lazy("Name")),
    Column("debit", lazy("Debit"), "money"),
    Column("credit", lazy("Credit"), "money"),
    Column("balance", lazy("Balance"), "money", place="amount"),
)
ENTRIES = (
    Column("day", lazy("Day"), "date", place="title"),
    Column("text", lazy("Text")),
    Column("total", lazy("Amount"), "money", place="amount"),
)
HISTORY = (
    Column("version", lazy("Version"), "number", place="title"),
    Column("decided_at", lazy("Decided"), "datetime"),
    Column("by", lazy("By")),
    Column("reason", lazy("Why")),
)
DIFFERENCES = (
    Column("contract", lazy("Contract"), place="title"),
    Column("account", lazy("Account")),
    Column("month", lazy("Month"), "month"),
    Column("first", lazy("First book"), "money"),
    Column("second", lazy("This book"), "money"),
    Column("difference", lazy("Difference"), "money", place="amount"),
    Column("reasons", lazy("Because")),
)
STANDARDS = (
    Option(Standard.ASC_606.value, "ASC 606"),
    Option(Standard.IFRS_15.value, "IFRS 15"),
    Option(Standard.STATUTORY.value, lazy("Statutory")),
)
SHOWN_ENTRIES = 20


def choices_field(policies: Policies) -> Field:
    """The choices of a book, those in force ticked."""
    options = tuple(Option(one.code, one.words, one.paragraph) for one in CHOICES)
    chosen = tuple(one.code for one in policies.differing())
    return Field("choices", lazy("Otherwise than the journal"), "many", required=False, options=options, value=chosen)


_WHY = Field("reason", lazy("Why"), "textarea", max_length=1000)


def policies_of(read: Reading) -> Policies:
    """The policies of the ticked choices."""
    chosen = [CHOICE[code] for code in read.many("choices")]
    return read_policies({one.policy: one.value for one in chosen})


def _open_fields(owners: list[Entity]) -> tuple[Field, ...]:
    return (
        Field("entity", lazy("Legal entity"), "choice", options=tuple(Option(one.code, one.name) for one in owners)),
        Field("code", lazy("Code"), hint=lazy("Small letters, digits and dashes."), max_length=20),
        Field("name", lazy("Name")),
        Field("standard", lazy("Standard"), "choice", options=STANDARDS),
        choices_field(Policies()),
        _WHY,
    )


def accounting_book_list(request: HttpRequest) -> HttpResponseBase:
    """The books beside the journal."""
    caller = caller_of(request)
    caller.require("ledger.read")
    owners = {one.id: one for one in caller.own_entities("ledger.read")}

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - a company has a handful of books
        return RowPage(tuple(_listed(row, owners[row.entity_id]) for row in books_of(list(owners))))

    may = caller.authority.allows("ledger.write")
    make = Action(
        _("Open a book"),
        reverse("accounting_book_open"),
        "primary",
        fields=_open_fields(caller.own_entities("ledger.write")) if may else (),
        key="n",
        refused="" if may else _("You may not write the ledger."),
    )
    page = ListPage(
        _("Books"),
        BOOKS,
        fetch,
        empty=Empty(_("There is one book: the journal."), _("Another one holds what it posts otherwise.")),
        actions=(make,),
        crumbs=(Crumb(_("Journal"), reverse("journal_list")),),
        filename="books",
    )
    return render_list(request, page)


def _listed(row: BookRow, owner: Entity) -> Row:
    cells: dict[str, CellValue] = {
        "code": row.code,
        "name": row.name,
        "standard": next(one.label for one in STANDARDS if one.value == row.standard.value),
        "entity": owner.code,
        "differs": "; ".join(one.words for one in row.policies.differing()),
    }
    return Row(str(row.id), cells, address_of("accounting_book", row.id))


@require_POST
def accounting_book_open(request: HttpRequest) -> HttpResponse:
    """Open a book."""
    caller = caller_of(request)

    def step() -> Outcome:
        read = read_dialog(request, *_open_fields(caller.own_entities("ledger.write")))
        owner = entity_by_code(read.text("entity"))
        caller.require("ledger.write", owner.id)
        new = NewBook(
            owner.id, read.text("code"), read.text("name"), Standard(read.text("standard")), policies_of(read)
        )
        key = open_book(new, reason=read.text("reason"), now=caller.now, actor=caller.actor)
        return Outcome(address_of("accounting_book", key), _("The book is open; a run posts where it differs."))

    return act(request, reverse("accounting_book_list"), step)


def book_seen(caller: Caller, book_id: str, permission: str) -> BookRow:
    """The book, where the caller may see it; raises NotFound or Forbidden."""
    row = book(key_of("accounting_book", book_id))
    require_visible(caller, permission, row.entity_id, "accounting_book", row.id)
    return row


def accounting_book_detail(request: HttpRequest, book_id: str) -> HttpResponse:
    """A book: what it decides, its trial balance today, what it posted last, and all its decisions."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "ledger.read")
    owner = entities_by_id([row.entity_id])[row.entity_id]
    balances = [one for one in book_balances(owner.id, row, caller.today(owner.timezone)) if one.debit or one.credit]
    entries = book_entries(Ask(limit=SHOWN_ENTRIES), book_id=row.id).items
    chosen = tuple(Row(one.code, {"what": one.words, "paragraph": one.paragraph}) for one in row.policies.differing())
    page = DocumentPage(
        _("Book"),
        row.code,
        subtitle=row.name,
        actions=_actions(caller, row),
        facts=(
            KeyValue(_("Legal entity"), owner.name),
            KeyValue(_("Standard"), next(one.label for one in STANDARDS if one.value == row.standard.value)),
            KeyValue(_("Decided by"), row.decided_by),
            KeyValue(_("Why"), row.reason),
        ),
        sections=(
            Section(_("Policies"), Table(CHOSEN, chosen, empty=_("It decides as the journal does."))),
            Section(_("Trial balance"), Table(BALANCES, tuple(_balance(one, owner.currency) for one in balances))),
            Section(_("Posted last"), Table(ENTRIES, tuple(_entry(one) for one in entries))),
            Section(_("Decisions"), Table(HISTORY, _history(row)), folded=True),
        ),
        crumbs=(Crumb(_("Books"), reverse("accounting_book_list")),),
    )
    return render_document(request, page)


def _actions(caller: Caller, row: BookRow) -> tuple[Action, ...]:
    key = public("accounting_book", row.id)
    writes = caller.authority.allows("ledger.write", row.entity_id)
    runs = caller.authority.allows("revenue.run", row.entity_id)
    through = Field("through", lazy("Through"), "date", value=caller.today().replace(day=1) - timedelta(days=1))
    return (
        Action.link(_("Differences"), reverse("accounting_book_differences", args=[key]), icon="scale", primary=True),
        Action(
            _("Run"),
            reverse("accounting_book_run", args=[key]),
            fields=(through,),
            refused="" if runs else _("You may not run revenue."),
            key="r",
        ),
        Action(
            _("What if"),
            reverse("accounting_book_suppose", args=[key]),
            fields=(choices_field(row.policies), through),
        ),
        Action(
            _("Decide policies"),
            reverse("accounting_book_decide", args=[key]),
            fields=(choices_field(row.policies), _WHY),
            refused="" if writes else _("You may not write the ledger."),
        ),
    )


def _balance(one: AccountBalance, currency: str) -> Row:
    cells: dict[str, CellValue] = {
        "code": one.code,
        "name": one.name,
        "debit": Money(one.debit, currency),
        "credit": Money(one.credit, currency),
        "balance": Money(one.balance, currency),
    }
    return Row(one.code, cells)


def _entry(one: BookEntryRow) -> Row:
    cells: dict[str, CellValue] = {"day": one.day, "text": one.text, "total": Money(one.total, one.currency)}
    return Row(str(one.id), cells, reverse("explain", args=[public("book_entry", one.id)]))


def _history(row: BookRow) -> tuple[Row, ...]:
    return tuple(
        Row(
            str(one.version),
            {"version": one.version, "decided_at": one.decided_at, "by": one.decided_by, "reason": one.reason},
        )
        for one in policy_history(row.id)
    )


@require_POST
def accounting_book_decide(request: HttpRequest, book_id: str) -> HttpResponse:
    """Decide what the book elects."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "ledger.write")

    def step() -> None:
        read = read_dialog(request, choices_field(row.policies), _WHY)
        set_policies(
            book_id=row.id, policies=policies_of(read), reason=read.text("reason"), now=caller.now, actor=caller.actor
        )

    told = _("The policies are in force; the next run posts what they change.")
    return take_step(request, address_of("accounting_book", row.id), told, step)


@require_POST
def accounting_book_run(request: HttpRequest, book_id: str) -> HttpResponse:
    """Bring the book up to a day."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "revenue.run")
    address = address_of("accounting_book", row.id)

    def step() -> Outcome:
        through = read_dialog(request, Field("through", lazy("Through"), "date")).day("through") or caller.today()
        [result] = run_books(through=through, book_ids=[row.id], now=caller.now, actor=caller.actor)
        told = _("%(entries)s entries are posted; %(left)s contracts could not be compared.")
        return Outcome(address, told % {"entries": result.entries, "left": len(result.exceptions)})

    return act(request, address, step)


def accounting_book_differences(request: HttpRequest, book_id: str) -> HttpResponseBase:
    """How the book differs from another by contract, account and month; each row says why."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "ledger.read")
    owner = entities_by_id([row.entity_id])[row.entity_id]
    others = {one.code: one for one in books_of([owner.id]) if one.id != row.id}

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("day")
        first = others.get(next(iter(ask.choices("first")), JOURNAL))
        asked = Compared(first, row, start=days.start, end=days.end)
        place = int(ask.cursor) if ask.cursor.isdecimal() and ask.cursor.isascii() else 0
        rest = difference_page(asked, offset=place, limit=ask.size)
        count, off = difference_total(asked)
        following = str(place + ask.size) if place + ask.size < count else ""
        rows = tuple(_difference(one, owner.currency, place + index) for index, one in enumerate(rest))
        return RowPage(rows, following, total=count, sums={"difference": Money(off, owner.currency)})

    options = (Option(JOURNAL, _("The journal")), *(Option(one.code, one.name) for one in others.values()))
    page = ListPage(
        _("Differences of %(book)s") % {"book": row.name},
        DIFFERENCES,
        fetch,
        (Filter.choice("first", _("First book"), options), Filter.dates("day", _("Day"))),
        empty=Empty(_("The two books do not differ."), _("A run of the book posts where it differs.")),
        crumbs=(
            Crumb(_("Books"), reverse("accounting_book_list")),
            Crumb(row.code, address_of("accounting_book", row.id)),
        ),
        subtitle=_("By contract, account and month, in the entity's currency; debit positive."),
        filename=f"differences-{row.code}",
    )
    return render_list(request, page)


def _difference(row: DifferenceRow, currency: str, place: int) -> Row:
    because = "; ".join(one.choice.words for one in row.reasons)
    title = "; ".join(f"{one.choice.paragraph}: {one.amount} {currency}" for one in row.reasons)
    cells: dict[str, CellValue] = {
        "contract": Cell(f"{row.number} {row.contract}".strip(), address_of(row.source_type, row.source_id)),
        "account": f"{row.code} {row.name}",
        "month": row.month,
        "first": Money(row.first, currency),
        "second": Money(row.second, currency),
        "difference": Money(row.difference, currency),
        "reasons": Cell(because, title=title),
    }
    return Row(str(place), cells)


URLS = [
    path("accounting-books/", accounting_book_list, name="accounting_book_list"),
    path("accounting-books/open/", accounting_book_open, name="accounting_book_open"),
    path("accounting-books/<str:book_id>/", accounting_book_detail, name="accounting_book_detail"),
    path("accounting-books/<str:book_id>/decide/", accounting_book_decide, name="accounting_book_decide"),
    path("accounting-books/<str:book_id>/run/", accounting_book_run, name="accounting_book_run"),
    path(
        "accounting-books/<str:book_id>/differences/", accounting_book_differences, name="accounting_book_differences"
    ),
]
