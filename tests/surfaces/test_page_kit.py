"""The page kit without a page: what is read from an address and a form, how values are written, what files hold."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.http import QueryDict
from django.utils import translation

from cashline.kernel.identifiers import new_id
from cashline.kernel.money import Money
from cashline.kernel.refusals import Forbidden, InvalidValue, Refusals
from cashline.platform.pages import cells, formats
from cashline.platform.pages.anatomies import RowPage
from cashline.platform.pages.asking import AmountRange, DateRange, ListAsk, chips, read_ask
from cashline.platform.pages.chart_data import chart_json, chart_table, spark_points
from cashline.platform.pages.components import (
    Cell,
    CellValue,
    Chart,
    Column,
    Filter,
    MoneyCell,
    Option,
    Pill,
    Progress,
    Row,
    Series,
    Tone,
    pill,
    tone_of,
)
from cashline.platform.pages.export import all_rows, csv_lines, xlsx_file
from cashline.platform.pages.fields import Field, FieldSet, LineFields, errors_of, read_form
from cashline.platform.pages.jinja import field_value, query_address
from cashline.platform.pages.shell import Brand, theme_of
from cashline.platform.permissions.rules import READ, Authority, Grant
from cashline.surfaces.web.shell import groups, groups_for

COLUMNS = (
    Column("number", "Number", "code", sort=True),
    Column("state", "State", "pill"),
    Column("issued", "Issued", "date", sort=True),
    Column("total", "Total", "money", sort=True),
    Column("note", "Note"),
)
FILTERS = (
    Filter.search("Number"),
    Filter.choice("state", "State", (Option("paid", "Paid"), Option("open", "Open"))),
    Filter.dates("issued", "Issued"),
    Filter.amounts("total", "Total"),
)


def asked(address: str) -> ListAsk:
    return read_ask(QueryDict(address), COLUMNS, FILTERS, default_sort="-issued")


def test_a_list_is_asked_by_its_address() -> None:
    ask = asked(
        "q=+INV+&state=paid&state=open&issued_from=2026-01-01&issued_to=2026-01-31&total_min=10&sort=total&after=abc"
    )
    assert ask.text() == "INV"
    assert ask.choices("state") == ("paid", "open")
    assert ask.date_range("issued") == DateRange(date(2026, 1, 1), date(2026, 2, 1))  # half-open: the last day is in
    assert ask.amount_range("total") == AmountRange(Decimal(10), None)
    assert (ask.page.sort, ask.page.descending, ask.page.cursor, ask.page.limit) == ("total", False, "abc", 50)
    assert ask.errors == ()


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("issued_from=yesterday", "issued_from"),
        ("issued_from=2026-02-30", "issued_from"),
        ("issued_from=2026-02-02&issued_to=2026-02-01", "issued_to"),
        ("total_min=lots", "total_min"),
        ("total_max=NaN", "total_max"),
        ("total_max=1e40", "total_max"),
        ("state=stolen", "state"),
    ],
)
def test_a_bad_filter_is_said_and_narrows_nothing(address: str, field: str) -> None:
    ask = asked(address)
    assert [error.field for error in ask.errors] == [field]


def test_an_unknown_sort_is_the_usual_one_and_sizes_are_bounded() -> None:
    assert (asked("sort=password").sort, asked("sort=password").descending) == ("issued", True)
    assert [asked(f"size={size}").size for size in ("0", "7", "99999", "999999999999", "-1", "x")] == [
        1,
        7,
        200,
        50,
        50,
        50,
    ]
    assert asked("issued_to=9999-12-31").date_range("issued").end is None


def test_chips_say_what_is_narrowed() -> None:
    found = chips(asked("q=INV&state=paid&issued_to=2026-01-31&total_min=10&total_max=2000"), FILTERS)
    assert [(chip.words, chip.clears) for chip in found] == [
        ("“INV”", ("q",)),
        ("Paid", ("state",)),
        ("until Jan 31, 2026", ("issued_from", "issued_to")),
        ("10 – 2,000", ("total_min", "total_max")),
    ]


def test_a_changed_address_keeps_the_rest_and_starts_at_the_first_page() -> None:
    query = QueryDict("state=paid&state=open&sort=total&after=xyz")
    assert query_address("/invoices/", query, {"sort": "-total"}) == "/invoices/?state=paid&state=open&sort=-total"
    assert (
        query_address("/invoices/", query, {"after": "abc"}) == "/invoices/?state=paid&state=open&sort=total&after=abc"
    )
    assert query_address("/invoices/", QueryDict("q=a"), {"q": None}) == "/invoices/"


@pytest.mark.parametrize(
    ("language", "money", "written"),
    [
        ("en", Money(Decimal("1234.50"), "EUR"), "€1,234.50"),
        ("en", Money(Decimal("-1234.50"), "USD"), "−$1,234.50"),
        ("en", Money(Decimal("1234"), "JPY"), "¥1,234"),
        ("en", Money(Decimal("1.2345"), "KWD"), "KWD\u00a01.2345"),
        ("en", Money(Decimal("0.004125"), "EUR"), "€0.004125"),  # every digit of a rate is shown
        ("de", Money(Decimal("1234.50"), "EUR"), "1.234,50\u00a0€"),
        ("fr", Money(Decimal("1234.50"), "EUR"), "1\u202f234,50\u00a0€"),
    ],
)
def test_money_is_written_as_the_language_does(language: str, money: Money, written: str) -> None:
    with translation.override(language):
        assert formats.format_money(money) == written


def test_distances_are_told_as_a_person_would() -> None:
    today = date(2026, 11, 21)
    days = [0, 1, -1, 28, -45, 90, -400]
    told = [formats.format_relative(date.fromordinal(today.toordinal() + day), today) for day in days]
    assert told == ["today", "tomorrow", "yesterday", "in 28 days", "45 days ago", "in 3 months", "13 months ago"]


def test_numbers_of_a_derivation_lose_the_zeros_that_say_nothing() -> None:
    given = ("39.2000000000", "0.251111", "-3.10", "0.000000", "10", "712.00 + 156.80")
    assert [formats.trim_number(one) for one in given] == [
        "39.20",
        "0.251111",
        "-3.10",
        "0.00",
        "10",
        "712.00 + 156.80",
    ]


def test_overviews_shorten_and_say_so() -> None:
    euro = [Decimal(amount) for amount in ("950.40", "9999", "12345", "1234567", "-2500000000")]
    assert [formats.format_short(Money(amount, "EUR")) for amount in euro] == [
        "€950",
        "€9,999",
        "€12.3K",
        "€1.2M",
        "−€2.5B",
    ]
    assert formats.format_whole(Money(Decimal("5.3600"), "EUR")) == "€5.36"


def test_each_place_of_the_menu_is_a_page_of_its_own() -> None:
    found = [item.url for group in groups() for item in group.items]
    assert sorted(set(found)) == sorted(found)
    assert {"/credit/", "/credits/"} <= set(found)


def test_the_menu_shows_what_one_may_open() -> None:
    def seen(*grants: Grant) -> list[str]:
        return [item.url for group in groups_for(Authority("x", "X", grants)) for item in group.items]

    everything = [item.url for group in groups() for item in group.items]
    assert {item.permission for group in groups() for item in group.items} <= READ
    assert seen() == []
    assert seen(Grant("auditor")) == everything
    assert set(everything) - set(seen(Grant("auditor", new_id()))) == {"/events/", "/webhooks/", "/outbox/", "/clock/"}


def test_a_refusal_tells_the_role_and_not_the_permission() -> None:
    nobody, reader = Authority("x", "X"), Authority("x", "X", (Grant("auditor"),))
    for who, permission, words in (
        (nobody, "invoices.read", "You may not see this: you have no role yet."),
        (reader, "people.write", "You may not do this: it is for those with the role administrator."),
        (reader, "billing.run", "You may not do this: it is for those with the role billing or revenue accountant."),
    ):
        with pytest.raises(Forbidden) as refused:
            who.require(permission)
        assert (refused.value.message, refused.value.data["permission"]) == (words, permission)
        assert "sk " in refused.value.fix


def test_a_number_stays_with_its_percent_sign() -> None:
    assert "7\u00a0%" in cells.draw("S 7 %")


FIELDS = FieldSet(
    "Quote",
    (
        Field("customer", "Customer"),
        Field("contact", "Contact", "email", required=False),
        Field("discount", "Discount", "decimal", required=False, least=0, most=100),
        Field("devices", "Devices", "integer"),
        Field("starts", "Starts", "month"),
        Field("until", "Until", "date"),
        Field("currency", "Currency", "choice", options=(Option("EUR", "Euro"),)),
        Field("send", "Send", "many", required=False, options=(Option("pdf", "PDF"), Option("ubl", "UBL"))),
        Field("agreed", "Terms", "yes"),
    ),
)
LINES = LineFields(
    "lines", "Lines", (Field("sku", "Product"), Field("quantity", "Quantity", "decimal", least=1)), "Add"
)


def test_a_form_is_read_into_types() -> None:
    data = QueryDict(
        "customer=+Nordlicht+&discount=1%2C250.5&devices=120&starts=2027-01&until=2026-12-31&currency=EUR"
        "&send=pdf&send=fax&agreed=1&lines-0-sku=FG&lines-0-quantity=3&lines-7-sku=MON&lines-7-quantity=1.5&lines-9-sku="
    )
    read = read_form(data, (replace(FIELDS, fields=tuple(replace(one, most=None) for one in FIELDS.fields)),), LINES)
    assert read.errors == ()
    assert (read.text("customer"), read.decimal("discount"), read.integer("devices")) == (
        "Nordlicht",
        Decimal("1250.5"),
        120,
    )
    assert (read.day("starts"), read.day("until")) == (date(2027, 1, 1), date(2026, 12, 31))
    assert (read.text("currency"), read.many("send"), read.yes("agreed"), read.text("contact")) == (
        "EUR",
        ("pdf",),
        True,
        "",
    )
    assert [(line.text("sku"), line.decimal("quantity")) for line in read.lines] == [
        ("FG", Decimal(3)),
        ("MON", Decimal("1.5")),
    ]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_no_business_has_is_refused(day: str) -> None:
    read = read_form(QueryDict(f"until={day}"), (FIELDS,), None)
    assert [error.message for error in read.errors if error.field == "until"] == [
        "Until: give a day from 1970-01-01 to 2199-12-31."
    ]


def test_every_error_of_a_form_comes_at_once() -> None:
    data = QueryDict(
        "contact=nobody&discount=101&devices=1.5&starts=2027-13&until=soon&currency=XXX"
        "&lines-0-sku=&lines-0-quantity=0&lines-1-sku=A&lines-1-quantity=1e99"
    )
    read = read_form(data, (FIELDS,), LINES)
    assert [error.field for error in read.errors] == [
        *("customer", "contact", "discount", "devices", "starts", "until", "currency", "agreed"),
        *("lines-0-sku", "lines-0-quantity", "lines-1-quantity"),
    ]
    assert read.errors[0].code == "missing"
    assert read.raw["discount"] == "101"
    assert read.raw_lines[1] == {"sku": "A", "quantity": "1e99"}


@pytest.mark.parametrize("text", ["1,5", "1.2.3", "NaN", "Infinity", "1e400", "١٢٣x", "--5", "0x10", "\x00"])
def test_a_number_that_could_be_misread_is_refused(text: str) -> None:
    query = QueryDict(mutable=True)
    query["amount"] = text
    assert read_form(query, (FieldSet("", (Field("amount", "Amount", "decimal"),)),)).errors


def test_a_german_types_a_comma() -> None:
    with translation.override("de"):
        read = read_form(QueryDict("amount=1.234,50"), (FieldSet("", (Field("amount", "Betrag", "decimal"),)),))
        assert read.decimal("amount") == Decimal("1234.50")
        assert field_value(Field("amount", "Betrag", "decimal", value=Decimal("1234.50"))) == "1234,50"


def test_refusals_of_an_action_are_errors_of_its_form() -> None:
    found = errors_of(
        Refusals([InvalidValue("Too many.", field="lines-0-quantity", fix="Take 3."), InvalidValue("No.")])
    )
    assert [(error.field, error.code, error.fix) for error in found] == [
        ("lines-0-quantity", "invalid_value", "Take 3."),
        ("", "invalid_value", ""),
    ]


def rows(*notes: CellValue) -> tuple[Row, ...]:
    return tuple(
        Row(
            f"inv_{number}",
            {
                "number": f"INV-{number}",
                "state": pill("partially_paid"),
                "issued": date(2026, 11, 21),
                "total": MoneyCell(Money(Decimal("-12.50"), "EUR")),
                "note": note,
            },
        )
        for number, note in enumerate(notes)
    )


HOSTILE = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "plain, “quoted”", Cell("=inside"), Pill("=pill"))


def test_csv_is_harmless_to_a_spreadsheet_and_keeps_numbers() -> None:
    text = "".join(csv_lines(COLUMNS, rows(*HOSTILE)))
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    assert table[0] == ["Number", "State", "Issued", "Total", "Total currency", "Note"]
    assert table[1][:5] == ["INV-0", "Partially paid", "2026-11-21", "-12.50", "EUR"]
    notes = [line[5] for line in table[1:]]
    assert notes[:5] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(A1)", "'\tx"]
    assert notes[5:] == ["plain, “quoted”", "'=inside", "'=pill"]


def test_xlsx_is_a_workbook_whose_numbers_are_numbers() -> None:
    notes = ("<&>", datetime(2026, 11, 21, 12, tzinfo=UTC), Progress(3, 5), 7, True, None, "bell\x07")
    with zipfile.ZipFile(xlsx_file(COLUMNS, rows(*notes))) as package:
        for name in package.namelist():
            ElementTree.fromstring(package.read(name))
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    table = [
        ["".join(cell.itertext()) for cell in row.findall("s:c", space)] for row in sheet.findall(".//s:row", space)
    ]
    assert table[1] == ["INV-0", "Partially paid", "46347", "-12.50", "EUR", "<&>"]
    assert [row[5] for row in table[2:]] == ["46347.500000", "3/5", "7", "yes", "", "bell"]


def test_a_file_holds_every_page() -> None:
    whole = rows(*(str(number) for number in range(2500)))

    def fetch(ask: ListAsk) -> RowPage:
        start = int(ask.cursor or 0)
        end = start + ask.size
        return RowPage(whole[start:end], str(end) if end < len(whole) else "")

    assert tuple(all_rows(fetch, asked("after=100"))) == whole


def test_a_chart_says_its_figures_exactly_and_cannot_end_its_script() -> None:
    series = (Series("</script><b>", (Decimal("0.10"), None), tone=Tone.DANGER),)
    chart = Chart("T", "bar", "D", ("a & b", "c"), series, unit="EUR")
    text = chart_json(chart)
    assert "<" not in text
    assert "&" not in text
    assert '"values":["0.10",null]' in text
    table = chart_table(chart)
    assert [dict(row.cells) for row in table.rows] == [
        {"category": "a & b", "0": Decimal("0.10")},
        {"category": "c", "0": None},
    ]


def test_a_small_line_stays_in_its_box() -> None:
    points = [point.split(",") for point in spark_points((Decimal(5), Decimal(-5), 0), 100, 20).split()]
    assert [[Decimal(number) for number in point] for point in points] == [[2, 2], [50, 18], [98, 10]]
    assert spark_points((1,)) == ""
    assert spark_points((3, 3, 3)).count(",") == 3


def test_a_brand_is_readable_and_a_theme_is_known() -> None:
    assert Brand("Dark", "#0f3d3a").text_on_colour == "#ffffff"
    assert Brand("Light", "#ffd400").text_on_colour == "#111111"
    assert [theme_of({"theme": theme}) for theme in ("dark", "light", "", "<script>")] == ["dark", "light", "", ""]


def test_the_usual_words_have_their_tone() -> None:
    assert [tone_of(word) for word in ("paid", "held", "cancelled", "sent", "shipped", "draft", "unheard_of")] == [
        *(Tone.SUCCESS, Tone.WARNING, Tone.DANGER, Tone.INFO, Tone.ACCENT, Tone.NEUTRAL, Tone.NEUTRAL)
    ]
