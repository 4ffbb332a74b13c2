"""The page of what if for a book: other policies, as the difference of journals that a run would post."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.books.actions import suppose_policies
from cashline.flow.recognise.books.pages.books import book_seen, choices_field, policies_of
from cashline.flow.recognise.books.rules.policies import CHOICE, read_policies
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import CellValue, Column, Crumb, KeyValue, Row, Table
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document
from cashline.platform.pages.supposing import day_asked, suppose
from cashline.platform.pages.threads import address_of

SUPPOSED = (
    Column("month", lazy("Month"), "month", place="title"),
    Column("account", lazy("Account")),
    Column("what", lazy("Otherwise than the journal")),
    Column("amount", lazy("Difference (debit positive)"), "money", place="amount"),
)
_THROUGH = Field("through", lazy("Through"), "date")


@require_POST
def accounting_book_suppose(request: HttpRequest, book_id: str) -> HttpResponse:
    """Show what other policies of the book would post."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "ledger.read")

    def read() -> dict[str, str | Sequence[str]]:
        typed = read_dialog(request, choices_field(row.policies), _THROUGH)
        policies_of(typed)
        through = typed.day("through") or caller.today()
        return {"choices": typed.many("choices"), "through": through.isoformat()}

    page_url = reverse("accounting_book_what_if", args=[public("accounting_book", row.id)])
    return suppose(request, address_of("accounting_book", row.id), page_url, read)


def accounting_book_what_if(request: HttpRequest, book_id: str) -> HttpResponse:
    """What a run would post if the book elected other policies, by month, account and choice; nothing is kept."""
    caller = caller_of(request)
    row = book_seen(caller, book_id, "ledger.read")
    chosen = [CHOICE[code] for code in request.GET.getlist("choices") if code in CHOICE]
    policies = read_policies({one.policy: one.value for one in chosen})
    through = day_asked(request, "through")
    found = suppose_policies(book_id=row.id, policies=policies, through=through, now=caller.now, actor=caller.actor)
    rows = tuple(
        _row(place, *where, amount) for place, (where, amount) in enumerate(sorted(found.amounts.items())) if amount
    )
    page = DocumentPage(
        _("What if"),
        row.code,
        subtitle=_("What a run would post under these policies; nothing is kept."),
        facts=(
            KeyValue(_("Policies"), "; ".join(one.words for one in policies.differing()) or _("Those of the journal")),
            KeyValue(_("Through"), through),
            KeyValue(_("Entries"), found.entries),
        ),
        sections=(Section(_("Difference of the journals"), Table(SUPPOSED, rows, empty=_("Nothing would change."))),),
        crumbs=(Crumb(row.code, address_of("accounting_book", row.id)),),
    )
    return render_document(request, page)


def _row(place: int, currency: str, month: date, account: str, code: str, amount: Decimal) -> Row:
    cells: dict[str, CellValue] = {
        "month": month,
        "account": account.replace("_", " "),
        "what": CHOICE[code].words,
        "amount": Money(amount, currency),
    }
    return Row(str(place), cells)


URLS = [
    path("accounting-books/<str:book_id>/suppose/", accounting_book_suppose, name="accounting_book_suppose"),
    path("accounting-books/<str:book_id>/what-if/", accounting_book_what_if, name="accounting_book_what_if"),
]
