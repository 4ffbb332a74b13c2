"""The whole pages: a list, a document, a form, a board. Each kind has one anatomy: who knows one page knows all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cashline.kernel.derivations import Derivation
from cashline.kernel.money import Money
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Chart,
    Column,
    Crumb,
    Download,
    Filter,
    KeyValue,
    Label,
    MoneyCell,
    Notice,
    Pill,
    Related,
    Row,
    StageCard,
    Stat,
    Step,
    SummaryRow,
    Table,
    TimelineEntry,
    View,
)
from cashline.platform.pages.fields import FieldError, FieldSet, LineFields


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of rows, the cursor of the next ("" for none), and, where cheap, the count and sums of all."""

    rows: tuple[Row, ...]
    next_cursor: str = ""
    total: int | None = None
    sums: Mapping[str, CellValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list says when it has nothing: what would stand here, and how to make the first one."""

    title: Label
    text: Label = ""
    action: Action | None = None
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list. `fetch` gets what the person asked for and gives one page of rows; files are made by walking its cursors.

    Filters, sorting, paging, the address that keeps them, CSV and XLSX all follow from `columns` and `filters`.
    """

    title: Label
    columns: tuple[Column, ...]
    fetch: Callable[[ListAsk], RowPage]
    filters: tuple[Filter, ...] = ()
    default_sort: str = ""
    empty: Empty | None = None
    views: tuple[View, ...] = ()
    actions: tuple[Action, ...] = ()
    bulk_actions: tuple[Action, ...] = ()
    stats: tuple[Stat, ...] = ()
    chart: Chart | None = None
    notices: tuple[Notice, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    subtitle: Label = ""
    filename: str = "list"
    exports: tuple[Literal["csv", "xlsx"], ...] = ("csv", "xlsx")
    page_size: int = 50


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a document: a table, facts, a chart or plain words, in that order where several are given."""

    title: Label
    table: Table | None = None
    facts: tuple[KeyValue, ...] = ()
    chart: Chart | None = None
    text: Label = ""
    actions: tuple[Action, ...] = ()
    anchor: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A document: state and next actions, its thread, lines, money, timeline; always in this order."""

    kind: Label
    number: str
    state: Pill | None = None
    party: CellValue = None
    subtitle: Label = ""
    actions: tuple[Action, ...] = ()
    more_actions: tuple[Action, ...] = ()
    thread: tuple[Related, ...] = ()
    steps: tuple[Step, ...] = ()
    facts: tuple[KeyValue, ...] = ()
    sections: tuple[Section, ...] = ()
    summary: tuple[SummaryRow, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    downloads: tuple[Download, ...] = ()
    notices: tuple[Notice, ...] = ()
    tabs: tuple[View, ...] = ()
    stats: tuple[Stat, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    refresh_seconds: int = 0
    """After how long the document is shown anew by itself; 0 for one that nothing is working on."""

    @property
    def title(self) -> str:
        """What the browser's tab shows."""
        return f"{self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form. Its errors come all at once, in a summary and beside their fields."""

    title: Label
    url: str
    fieldsets: tuple[FieldSet, ...]
    submit: Label
    cancel_url: str = ""
    lines: LineFields | None = None
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    intro: Label = ""
    crumbs: tuple[Crumb, ...] = ()
    steps: tuple[Step, ...] = ()
    notices: tuple[Notice, ...] = ()
    secondary: tuple[Action, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[Section, ...] = ()
    """What stands beside the form, such as a preview that the same rules computed."""
    aside_notices: tuple[Notice, ...] = ()
    preview_url: str = ""
    """Where the form is sent while it is typed, for a fresh `aside` (answer with `render_aside`)."""


@dataclass(frozen=True, slots=True)
class BoardPage:
    """An overview: figures, the flow from quote to cash, what is stuck, and charts."""

    title: Label
    stages: tuple[StageCard, ...] = ()
    stats: tuple[Stat, ...] = ()
    sections: tuple[Section, ...] = ()
    views: tuple[View, ...] = ()
    actions: tuple[Action, ...] = ()
    notices: tuple[Notice, ...] = ()
    subtitle: Label = ""
    crumbs: tuple[Crumb, ...] = ()
    refresh_seconds: int = 0
    """After how long it is shown anew by itself; 0 for one that nothing is working on."""


@dataclass(frozen=True, slots=True)
class DerivationPage:
    """Why an amount is what it is. `sources` are the documents and facts behind it, each to be opened."""

    title: Label
    amount: CellValue
    derivation: Derivation
    crumbs: tuple[Crumb, ...] = ()
    sources: tuple[KeyValue, ...] = ()
    own_currency: str = ""
    """The currency of the amounts in its sentences, where the amount itself is none (days, a rate)."""

    @property
    def currency(self) -> str:
        """The currency in which its amounts are told."""
        amount = self.amount.money if isinstance(self.amount, MoneyCell) else self.amount
        return amount.currency if isinstance(amount, Money) else self.own_currency


type Page = ListPage | DocumentPage | FormPage | BoardPage | DerivationPage
