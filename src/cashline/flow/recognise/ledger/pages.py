"""The console's pages of the books: the journal, an entry, the trial balance, an account."""

from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.recognise.ledger.queries import balances, entries
from cashline.flow.recognise.ledger.queries.balances import AccountBalance
from cashline.flow.recognise.ledger.queries.entries import AccountLine, EntryRow, LineRow
from cashline.flow.recognise.ledger.rules.posting import POSTING
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.periods import FIRST_DAY, LAST_DAY, day_start
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform.company.queries import Entity, entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import BoardPage, DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Filter,
    KeyValue,
    MoneyCell,
    Option,
    Row,
    Stat,
    SummaryRow,
    Table,
    View,
)
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import render_board, render_document, render_list
from cashline.platform.pages.threads import address_of

JOURNAL = (
    Column("day", lazy("Day"), "date", sort=True, place="title"),
    Column("text", lazy("Text")),
    Column("rule", lazy("Rule"), place="state"),
    Column("entity", lazy("Entity"), "code"),
    Column("total", lazy("Amount"), "money", place="amount"),
)
LINES = (
    Column("account", lazy("Account"), place="title"),
    Column("document", lazy("Document")),
    Column("debit", lazy("Debit"), "money"),
    Column("credit", lazy("Credit"), "money"),
)
BALANCES = (
    Column("code", lazy("Account"), "code", place="title"),
    Column("name", lazy("Name")),
    Column("debit", lazy("Debit"), "money"),
    Column("credit", lazy("Credit"), "money"),
    Column("balance", lazy("Balance"), "money", place="amount"),
)
ACCOUNT = (
    Column("day", lazy("Day"), "date", place="title"),
    Column("text", lazy("Text")),
    Column("rule", lazy("Rule"), place="state"),
    Column("amount", lazy("Amount"), "money"),
    Column("own", lazy("In the entity's currency"), "money", place="amount"),
)

RULES = tuple(Option(name, name.replace("_", " ").capitalize()) for name in {one.name: one for one in POSTING.values()})


def journal_list(request: HttpRequest) -> HttpResponseBase:
    """Every entry, newest first."""
    caller = caller_of(request)
    caller.require("ledger.read")

    def fetch(ask: ListAsk) -> RowPage:
        days = ask.date_range("day")
        page = entries.list_entries(
            ask.page,
            entity_ids=caller.entities("ledger.read"),
            rules=ask.choices("rule"),
            number=ask.text(),
            start=days.start,
            end=days.end,
        )
        return RowPage(tuple(_entry(row) for row in page.items), page.next_cursor)

    filters = (
        Filter.search(_("Number of a document")),
        Filter.choice("rule", _("Rule"), RULES),
        Filter.dates("day", _("Day")),
    )
    empty = Empty(_("Nothing is posted yet."), _("Each step that moves money or goods posts its own entry."))
    return render_list(
        request,
        ListPage(
            _("Journal"),
            JOURNAL,
            fetch,
            filters,
            "-day",
            empty=empty,
            filename="journal",
            actions=(
                Action.link(_("Intercompany sales"), "/intercompany/"),
                Action.link(_("Exports"), "/journal-exports/", icon="download"),
            ),
        ),
    )


def _entry(row: EntryRow) -> Row:
    key = public("journal_entry", row.id)
    cells: dict[str, CellValue] = {
        "day": row.day,
        "text": row.text,
        "rule": row.rule.replace("_", " "),
        "entity": row.entity_code,
        "total": Money(row.total, row.currency),
    }
    return Row(key, cells, reverse("journal_entry_detail", args=[key]))


def journal_entry_detail(request: HttpRequest, entry_id: str) -> HttpResponse:
    """One entry: its lines, each with the account and the document behind it."""
    row = entries.entry(key_of("journal_entry", entry_id))
    caller_of(request).require("ledger.read", row.entity_id)
    source, why = address_of(row.source_type, row.source_id), reverse("explain", args=[entry_id])
    return render_document(
        request,
        DocumentPage(
            _("Journal entry"),
            row.text,
            facts=(
                KeyValue(_("Day"), row.day),
                KeyValue(_("Legal entity"), row.entity_code),
                KeyValue(_("Source"), Cell(row.source_type.replace("_", " ").capitalize(), source)),
                KeyValue(_("Rule"), row.rule.replace("_", " ")),
                KeyValue(_("Posted at"), row.posted_at),
            ),
            sections=(Section(_("Lines"), Table(LINES, tuple(_line(row, line) for line in row.lines))),),
            summary=(
                SummaryRow(_("Debits"), MoneyCell(Money(row.total, row.currency), explain=why)),
                SummaryRow(_("In the entity's currency"), Money(row.own_total, row.entity_currency), total=True),
            ),
        ),
    )


def _line(row: EntryRow, line: LineRow) -> Row:
    account = Cell(f"{line.account_code} {line.account_name}", _account_url(row.entity_code, line.account_id))
    document = _document(row, line)
    return Row(
        str(line.line_no),
        {
            "account": account,
            "document": document,
            "debit": Money(line.amount, row.currency) if line.amount > 0 else None,
            "credit": Money(-line.amount, row.currency) if line.amount < 0 else None,
        },
    )


def _document(row: EntryRow, line: LineRow) -> Cell | None:
    if row.source_type == "arrangement_posting":
        return Cell(_("Arrangement"), reverse("explain", args=[public("arrangement_posting", row.source_id)]))
    if line.document_id and row.source_type.startswith("intercompany_"):
        return Cell(_("Intercompany sale"), address_of("intercompany_sale", line.document_id))
    if line.document_id and (url := address_of("invoice", line.document_id)):
        return Cell(_("Invoice"), url)
    if line.agreement_id:
        return Cell(_("Contract"), address_of("agreement", line.agreement_id))
    return None


def _account_url(entity_code: str, account_id: UUID) -> str:
    return reverse("account_lines", args=[entity_code, str(account_id)])


def trial_balance(request: HttpRequest) -> HttpResponse:
    """Debits, credits and balance of each account of an entity at the end of a day; each opens its lines."""
    caller = caller_of(request)
    entity, views = _chosen(request, "trial_balance")
    caller.require("ledger.read", entity.id)
    as_of = _day(request, "day_to" if "day_to" in request.GET else "as_of") or caller.today(entity.timezone)
    known = _day(request, "known_to")
    known_at = day_start(known + timedelta(days=1), entity.timezone) - timedelta(microseconds=1) if known else None
    rows = balances.trial_balance(entity.id, as_of, known_at=known_at)
    debit, credit = (Money.total((Money(one, entity.currency) for one in side), entity.currency)
                     for side in ([row.debit for row in rows], [row.credit for row in rows]))  # fmt: skip
    table = Table(
        BALANCES,
        tuple(_balance(row, entity, as_of, known) for row in rows if row.debit or row.credit),
        totals={"name": _("Sum"), "debit": debit, "credit": credit, "balance": debit - credit},
        empty=_("Nothing is posted yet."),
    )
    stats = (
        Stat(_("Debits"), debit),
        Stat(_("Credits"), credit),
        Stat(_("Difference"), debit - credit, hint=_("Zero, or the database would have refused it.")),
    )
    subtitle = _("%(entity)s at the end of %(day)s") % {"entity": entity.name, "day": format_day(as_of)}
    if known:
        subtitle = _("%(told)s, as known on %(day)s") % {"told": subtitle, "day": format_day(known)}
    page = BoardPage(
        _("Trial balance"), stats=stats, sections=(Section(_("Accounts"), table),), views=views, subtitle=subtitle
    )
    return render_board(request, page)


def _balance(row: AccountBalance, entity: Entity, as_of: date, known: date | None) -> Row:
    asked = {"day_to": as_of.isoformat()} | ({"posted_to": known.isoformat()} if known else {})
    return Row(
        row.code,
        {
            "code": row.code,
            "name": row.name,
            "debit": Money(row.debit, entity.currency),
            "credit": Money(row.credit, entity.currency),
            "balance": Money(row.balance, entity.currency),
        },
        f"{_account_url(entity.code, row.account_id)}?{urlencode(asked)}",
    )


def account_lines(request: HttpRequest, entity_code: str, account_id: str) -> HttpResponseBase:
    """The lines of one account, newest first; each opens its entry."""
    caller = caller_of(request)
    entity = next((one for one in entities() if one.code == entity_code), None)
    try:
        key = UUID(account_id)
    except ValueError:
        raise NotFound("There is no such account.", field="account") from None
    account = next((one for one in entries.accounts([entity.id] if entity else []) if one.id == key), None)
    if entity is None or account is None:
        raise NotFound("There is no such account.", field="account")
    caller.require("ledger.read", entity.id)

    def fetch(ask: ListAsk) -> RowPage:
        days, posted = ask.date_range("day"), ask.date_range("posted")
        page = entries.account_lines(
            key,
            start=days.start,
            end=days.end,
            posted_before=day_start(posted.end, entity.timezone) if posted.end else None,
            cursor=ask.page.cursor,
            limit=ask.page.limit,
        )
        return RowPage(tuple(_account_line(row, entity.currency) for row in page.items), page.next_cursor)

    title = f"{account.code} {account.name}"
    return render_list(
        request,
        ListPage(
            title,
            ACCOUNT,
            fetch,
            (Filter.dates("day", _("Day")), Filter.dates("posted", _("Posted"))),
            filename=f"account-{account.code}",
        ),
    )


def _account_line(row: AccountLine, currency: str) -> Row:
    key = public("journal_entry", row.entry_id)
    cells: dict[str, CellValue] = {"day": row.day, "text": row.text, "rule": row.rule.replace("_", " ")}
    cells |= {"amount": Money(row.amount, row.currency), "own": Money(row.functional_amount, currency)}
    return Row(f"{key}-{row.line_no}", cells, reverse("journal_entry_detail", args=[key]))


def _chosen(request: HttpRequest, name: str) -> tuple[Entity, tuple[View, ...]]:
    """The entity that the address names, else the first, and the tabs that lead to the others."""
    found = caller_of(request).own_entities("ledger.read")
    if not found:
        raise NotFound("There is no legal entity yet.", field="entity")
    wanted = request.GET.get("entity", found[0].code)
    entity = next((one for one in found if one.code == wanted), None)
    if entity is None:
        raise NotFound(f"There is no legal entity {wanted!r}.", field="entity")
    views = tuple(View(one.name, f"{reverse(name)}?entity={one.code}", current=one is entity) for one in found)
    return entity, views


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.GET.get(name, "")
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidValue(f"{text[:40]!r} is no day.", field=name)
    return day


URLS = [
    path("journal/", journal_list, name="journal_list"),
    path("journal/<str:entry_id>/", journal_entry_detail, name="journal_entry_detail"),
    path("trial-balance/", trial_balance, name="trial_balance"),
    path("trial-balance/<str:entity_code>/<str:account_id>/", account_lines, name="account_lines"),
]
