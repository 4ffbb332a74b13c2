"""The page of what if for an arrangement: other stand-alone prices or a judgement, as a difference of journals."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.revenue.pages.changing import CHANGES, change_rows
from cashline.flow.recognise.revenue.pages.judging import JUDGED, judged
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementRow
from cashline.flow.recognise.revenue.rules.contracts import AHEAD_DAYS, require_near
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import to_decimal
from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import Action, Crumb, KeyValue, Notice, Option, Table, Tone
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document
from cashline.platform.pages.supposing import suppose
from cashline.platform.pages.threads import address_of

_ASKED = ("obligation", "price", "type", "at", "subject", "amount")


def supposed_fields(obligations: Sequence[str]) -> tuple[Field, ...]:
    """What the dialog asks: a price alone, a judgement, or both."""
    known = (Option("", ""), *(Option(name, name) for name in obligations))
    return (
        Field("obligation", lazy("Sold alone"), "choice", options=known, required=False, width="half"),
        Field("price", lazy("For"), required=False, width="half", hint=lazy("The price of its whole quantity.")),
        Field("type", lazy("Judged"), "choice", options=(Option("", ""), *JUDGED), required=False),
        Field("at", lazy("From"), "date", required=False, width="half"),
        Field("subject", lazy("About"), required=False, width="half"),
        Field("amount", lazy("Amount or units"), required=False),
    )


def _seen(caller: Caller, arrangement_id: str) -> ArrangementRow:
    row = queries.arrangement(key_of("revenue_arrangement", arrangement_id))
    require_visible(caller, "revenue.read", row.entity_id, "revenue_arrangement", row.id)
    return row


def _read(given: dict[str, str]) -> tuple[dict[str, Decimal], list[Judgement]]:
    """The prices and judgements of a form; raises InvalidValue."""
    prices: dict[str, Decimal] = {}
    if given["obligation"]:
        prices[given["obligation"]] = to_decimal(given["price"], field="price")
    found: list[Judgement] = []
    if given["type"]:
        try:
            at = date.fromisoformat(given["at"])
        except ValueError as error:
            raise InvalidValue(_("Give the day from which it counts."), field="at") from error
        found.append(judged(given["type"], at, given["subject"], to_decimal(given["amount"], field="amount")))
    if not prices and not found:
        raise InvalidValue(_("Suppose a price or a judgement."), field="obligation")
    return prices, found


@require_POST
def arrangement_imagine(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """Show what the price or the judgement of the dialog would change."""
    row = _seen(caller_of(request), arrangement_id)

    def read() -> dict[str, str]:
        typed = read_dialog(request, *supposed_fields([request.POST.get("obligation", "")[:80]]))
        at = typed.day("at")
        given = {name: "" if name == "at" else typed.text(name) for name in _ASKED}
        given["at"] = at.isoformat() if at else ""
        _read(given)
        return {name: text for name, text in given.items() if text}

    page_url = reverse("revenue_arrangement_what_if", args=[public("revenue_arrangement", row.id)])
    return suppose(request, address_of("revenue_arrangement", row.id), page_url, read)


def arrangement_what_if(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """The difference of journals by month, if the price or the judgement were so; nothing is kept."""
    caller = caller_of(request)
    row = _seen(caller, arrangement_id)
    prices, judgements = _read({name: request.GET.get(name, "").strip()[:500] for name in _ASKED})
    through = caller.today() + timedelta(days=AHEAD_DAYS)
    require_near(through, caller.today())
    changes = queries.what_if(row.id, through=through, judgements=judgements, prices=prices)
    back = address_of("revenue_arrangement", row.id)
    told = [f"{name} {price.normalize():f}" for name, price in prices.items()]
    told += [
        f"{request.GET['type']} {request.GET.get('subject', '')} {request.GET.get('amount', '')}" for _one in judgements
    ]
    page = DocumentPage(
        _("What if"),
        row.number,
        subtitle=row.title,
        actions=(Action.link(_("Back to the arrangement"), back),),
        crumbs=(Crumb(_("Arrangements"), reverse("revenue_arrangement_list")), Crumb(row.number, back)),
        facts=(KeyValue(_("Supposed"), "; ".join(told)), KeyValue(_("Through"), through)),
        notices=(Notice(_("Nothing is recorded: this is what a run would post otherwise."), Tone.INFO),),
        sections=(
            Section(
                _("Difference of the journals"),
                Table(CHANGES, change_rows(changes, row.currency), empty=_("Nothing would change.")),
            ),
        ),
    )
    return render_document(request, page)


_ONE = "revenue/arrangements/<str:arrangement_id>/"
URLS = [
    path(f"{_ONE}imagine/", arrangement_imagine, name="revenue_arrangement_imagine"),
    path(f"{_ONE}what-if/", arrangement_what_if, name="revenue_arrangement_what_if"),
]
