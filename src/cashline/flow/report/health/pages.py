"""The console's page of health: every conservation law, checked when asked."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.health.queries import law_sentences, verify
from cashline.flow.report.health.rules import Break, Checked
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Action, CellValue, Column, Notice, Pill, Row, Stat, Table, Tone
from cashline.platform.pages.render import render_board
from cashline.platform.pages.threads import address_of

LAWS = (
    Column("sentence", lazy("Law"), place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("milliseconds", lazy("Milliseconds"), "number"),
    Column("code", lazy("Code"), "code", place="hidden"),
)
BREAKS = (
    Column("document", lazy("Document"), place="title"),
    Column("law", lazy("Law"), "code"),
    Column("expected", lazy("Should be")),
    Column("found", lazy("Is")),
)


def health(request: HttpRequest) -> HttpResponse:
    """The laws; with `check` in the address they are checked now, which reads all the books."""
    caller_of(request).require("reports.read")
    if "check" not in request.GET:
        rows = tuple(Row(code, {"sentence": sentence, "code": code}) for code, sentence in law_sentences())
        page = BoardPage(
            _("Health"),
            sections=(Section(_("What must hold"), Table(LAWS, rows)),),
            actions=(_check(),),
            subtitle=_("Every balance is the sum of what made it. Checking reads all the books."),
        )
        return render_board(request, page)
    found = verify()
    broken = [one for law in found.checked for one in law.breaks]
    sections = [Section(_("What must hold"), Table(LAWS, tuple(_law(law) for law in found.checked)))]
    if broken:
        sections.insert(0, Section(_("What is broken"), Table(BREAKS, tuple(_break(one) for one in broken))))
    notice = Notice(
        _("All laws hold.") if found.sound else str(found.first_break), Tone.SUCCESS if found.sound else Tone.DANGER
    )
    stats = (
        Stat(_("Laws checked"), len(found.checked)),
        Stat(_("Broken"), sum(bool(law.breaks) for law in found.checked)),
        Stat(_("Milliseconds"), sum(law.milliseconds for law in found.checked)),
    )
    page = BoardPage(_("Health"), stats=stats, sections=tuple(sections), actions=(_check(),), notices=(notice,))
    return render_board(request, page)


def _check() -> Action:
    return Action.link(_("Check now"), f"{reverse('health')}?check=1", icon="shield-check", primary=True, key="c")


def _law(law: Checked) -> Row:
    state = Pill(_("Broken"), Tone.DANGER) if law.breaks else Pill(_("Holds"), Tone.SUCCESS)
    cells: dict[str, CellValue] = {
        "sentence": law.sentence,
        "state": state,
        "milliseconds": law.milliseconds,
        "code": law.code,
    }
    return Row(law.code, cells)


def _break(one: Break) -> Row:
    cells: dict[str, CellValue] = {
        "document": one.document,
        "law": one.law,
        "expected": one.expected,
        "found": one.found,
    }
    return Row(f"{one.law}-{one.id}", cells, address_of(one.kind, one.id) if one.id and one.kind else "")


URLS = [path("health/", health, name="health")]
