"""What a page is built of, as frozen values: cells, columns, actions, pills, timelines, charts.

They hold no HTML and read nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from cashline.kernel.money import Money
from cashline.platform.pages.speaking import gettext_lazy as _
from cashline.platform.pages.tones import Tone as Tone
from cashline.platform.pages.tones import tone_of as tone_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from cashline.platform.pages.fields import Field

type Label = "str | _StrPromise"
"""A text for people, translated when the page is made."""


class Stage(StrEnum):
    """The stages of the flow, in its order; each has its own colour and its group in the navigation."""

    AGREE = "agree"
    BOOK = "book"
    DELIVER = "deliver"
    INVOICE = "invoice"
    RECEIVE = "receive"
    RECOGNISE = "recognise"
    REPORT = "report"
    SERVE = "serve"


@dataclass(frozen=True, slots=True)
class Pill:
    """A state in one word, with its tone."""

    label: Label
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class MoneyCell:
    """An amount; `explain` is the address of its derivation, opened in the drawer, `url` that of what it is made of."""

    money: Money
    explain: str = ""
    url: str = ""
    sub: Label = ""
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many, drawn as a bar and written out: 3 of 5 shipped."""

    done: Decimal | int
    total: Decimal | int
    label: Label = ""

    @property
    def percent(self) -> int:
        """Whole percent done, 0 to 100; nothing to do counts as done."""
        if not self.total:
            return 100
        return max(0, min(100, int(Decimal(100) * Decimal(self.done) / Decimal(self.total))))


type Scalar = str | int | bool | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a link, a second line in small, an icon or a tooltip."""

    value: "Scalar | Label"
    url: str = ""
    sub: Label = ""
    icon: str = ""
    title: Label = ""
    tone: Tone = Tone.NEUTRAL


type CellValue = Scalar | Label | Money | MoneyCell | Pill | Progress | Cell | tuple[Pill, ...]

type ColumnKind = Literal[
    "text", "code", "number", "money", "percent", "date", "month", "datetime", "ago", "pill", "progress"
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` names the row's value and, where `sort`, the sort key given to the query.

    `place` is where the value stands on a phone: title and amount lead, the state follows, detail is small, hidden is
    left out. Columns with `only_export` appear in files alone.
    """

    key: str
    label: Label
    kind: ColumnKind = "text"
    sort: bool = False
    place: Literal["title", "amount", "state", "detail", "hidden"] = "detail"
    only_export: bool = False
    hint: Label = ""
    width: str = ""

    @property
    def right(self) -> bool:
        """Numbers stand right-aligned, so that their digits line up."""
        return self.kind in ("number", "money", "percent")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `key` is its public id, `url` the document it opens, `weight` how a statement sets it off."""

    key: str
    cells: Mapping[str, CellValue]
    url: str = ""
    tone: Tone = Tone.NEUTRAL
    weight: Literal["", "heading", "subtotal", "total"] = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table without paging, as on a document. `totals` is a last row by column key."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: Label = ""
    totals: Mapping[str, CellValue] = field(default_factory=dict)
    empty: Label = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select or a filter."""

    value: str
    label: Label
    hint: Label = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a list. Dates are asked inclusive of both ends and reach the query half-open."""

    name: str
    label: Label
    kind: Literal["search", "choice", "dates", "amounts"]
    options: tuple[Option, ...] = ()

    @classmethod
    def search(cls, label: Label, name: str = "q") -> "Filter":
        """Free text."""
        return cls(name, label, "search")

    @classmethod
    def choice(cls, name: str, label: Label, options: tuple[Option, ...]) -> "Filter":
        """Any number of the options."""
        return cls(name, label, "choice", options)

    @classmethod
    def dates(cls, name: str, label: Label) -> "Filter":
        """A first and a last day; either may be left open."""
        return cls(name, label, "dates")

    @classmethod
    def amounts(cls, name: str, label: Label) -> "Filter":
        """A least and a greatest amount, both inclusive; either may be left open."""
        return cls(name, label, "amounts")


@dataclass(frozen=True, slots=True)
class Action:
    """A step a person can take. `post` sends a form with CSRF token and idempotency key; `confirm` asks first.

    `fields` are asked in a dialog before it is sent. A `refused` action is shown disabled, with that sentence as its
    reason. `key` is a letter that triggers it.
    """

    label: Label
    url: str
    tone: Literal["primary", "secondary", "danger", "link"] = "secondary"
    post: bool = True
    confirm: Label = ""
    fields: "tuple[Field, ...]" = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    refused: Label = ""
    icon: str = ""
    key: str = ""

    @classmethod
    def link(cls, label: Label, url: str, *, icon: str = "", primary: bool = False, key: str = "") -> "Action":
        """A plain link that looks like a button."""
        return cls(label, url, "primary" if primary else "secondary", post=False, icon=icon, key=key)


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the breadcrumb above the title."""

    label: Label
    url: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A named view of a list or a tab of a document: a link that keeps its place in the address."""

    label: Label
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One fact of a document."""

    label: Label
    value: CellValue
    hint: Label = ""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One row of the money summary; totals stand out, notes explain in small."""

    label: Label
    money: Money | MoneyCell
    total: bool = False
    note: Label = ""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened: when, who, what, and where to read on."""

    at: datetime
    text: Label
    actor: str = ""
    detail: Label = ""
    url: str = ""
    tone: Tone = Tone.NEUTRAL
    icon: str = ""


@dataclass(frozen=True, slots=True)
class RelatedDocument:
    """A document of the same thread."""

    number: str
    url: str
    pill: Pill | None = None
    money: Money | None = None
    current: bool = False
    whole_url: str = ""
    """Where the whole of its thread stands on one page."""


@dataclass(frozen=True, slots=True)
class Related:
    """The documents of one kind on the way from quote to revenue; none yet is shown as the step to come."""

    label: Label
    stage: Stage
    documents: tuple[RelatedDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Stat:
    """One figure with its name, its change and the line of its past values."""

    label: Label
    value: CellValue
    url: str = ""
    change: Label = ""
    tone: Tone = Tone.NEUTRAL
    line: tuple[Decimal | int, ...] = ()
    hint: Label = ""
    explain: str = ""


@dataclass(frozen=True, slots=True)
class StageFigure:
    """One kind of document in a stage: how many are there, and what they are worth."""

    label: Label
    count: int
    money: tuple[Money, ...] = ()
    url: str = ""
    stuck: int = 0
    stuck_url: str = ""
    stuck_why: Label = ""


@dataclass(frozen=True, slots=True)
class StageCard:
    """One column of the flow board; `days` is the usual time that a thread spends in the stage."""

    stage: Stage
    label: Label
    figures: tuple[StageFigure, ...]
    days: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart; a None leaves a gap. `stack` piles bars of the same name upon each other."""

    name: Label
    values: tuple[Decimal | int | None, ...]
    stack: str = ""
    tone: Tone | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """One band of a sankey."""

    source: str
    target: str
    value: Decimal | int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and, beneath it, the same figures as a table.

    `waterfall` takes one series of steps (the first and last categories, and those in `totals`, are levels, the others
    changes). `dense` is for series of hundreds of points. `unit` is a currency code, "%" or a word after the number.
    """

    title: Label
    kind: Literal["line", "area", "bar", "bar_across", "waterfall", "sankey", "dense"]
    description: Label
    categories: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    flows: tuple[Flow, ...] = ()
    totals: tuple[int, ...] = ()
    unit: str = ""
    height: int = 260
    urls: tuple[str, ...] = ()
    """Where a click on each category leads."""

    @property
    def empty(self) -> bool:
        """Is there nothing to draw, or nothing but zeros?"""
        return not self.flows and not any(value for one in self.series for value in one.values)


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the page that a person should not miss, with what to do about it."""

    text: Label
    tone: Tone = Tone.INFO
    detail: Label = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a stepper."""

    label: Label
    state: Literal["done", "current", "waiting", "failed"]
    note: Label = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A file made of the document."""

    label: Label
    url: str
    icon: str = "download"


def pill(status: str, label: Label = "") -> Pill:
    """The pill of a status, its label the status in words unless one is given."""
    text = str(status)
    return Pill(label or _(text.replace("_", " ").capitalize()), tone_of(text))
