"""Lists as files: CSV and XLSX from the same columns, written row by row so that memory stays flat.

Text that a spreadsheet would take for a formula is made harmless by a leading apostrophe (CSV injection);
numbers are left alone.
"""

import csv
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO
from xml.sax.saxutils import escape

from cashline.kernel.money import Money
from cashline.platform.pages.anatomies import RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Cell, CellValue, Column, MoneyCell, Pill, Progress, Row

type Flat = str | Decimal | int | date | datetime | None

EXPORT_BATCH = 1000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_IN_MEMORY = 4 * 1024 * 1024


def all_rows(fetch: Callable[[ListAsk], RowPage], ask: ListAsk) -> Iterator[Row]:
    """Every row that the ask covers, walking the cursors in batches from the first."""
    cursor = ""
    while True:
        page = fetch(replace(ask, cursor=cursor, size=EXPORT_BATCH))
        yield from page.rows
        if not page.next_cursor or page.next_cursor == cursor:
            return
        cursor = page.next_cursor


def header(columns: Iterable[Column]) -> list[str]:
    """The header row; a column of money is followed by its currency."""
    names: list[str] = []
    for column in columns:
        names.append(str(column.label))
        if column.kind == "money":
            names.append(f"{column.label} currency")
    return names


def flat(columns: Iterable[Column], row: Row) -> list[Flat]:
    """One row as plain values in the order of `header`."""
    values: list[Flat] = []
    for column in columns:
        value = row.cells.get(column.key)
        if column.kind == "money":
            money = value.money if isinstance(value, MoneyCell) else value
            values += [money.amount, money.currency] if isinstance(money, Money) else [_plain(value), ""]
        else:
            values.append(_plain(value))
    return values


def _plain(value: CellValue) -> Flat:
    if isinstance(value, Cell):
        return _plain(value.value)
    if isinstance(value, Pill):
        return str(value.label)
    if isinstance(value, MoneyCell):
        return str(value.money)
    if isinstance(value, Progress):
        return f"{value.done}/{value.total}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(pill.label) for pill in value)
    if value is None or isinstance(value, Decimal | int | date):
        return value
    return str(value)


def harmless(text: str) -> str:
    """Text that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


class _Line:
    """What csv.writer writes to: it hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: tuple[Column, ...], rows: Iterable[Row]) -> Iterator[str]:
    """The list as CSV (RFC 4180, UTF-8 with a byte order mark for spreadsheets), line by line; instants in UTC."""
    writer = csv.writer(_Line())
    yield "\ufeff" + str(writer.writerow([harmless(name) for name in header(columns)]))
    for row in rows:
        yield str(writer.writerow([_csv_text(value) for value in flat(columns, row)]))


def _csv_text(value: Flat) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f"{_SCHEMAS}/spreadsheetml/2006/main"
_OFFICE = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PACKAGE = f"{_SCHEMAS}/package/2006"
_FORMAT = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _part(name: str, kind: str) -> str:
    return f'<Override PartName="/xl/{name}.xml" ContentType="{_FORMAT}.{kind}+xml"/>'


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


_RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
_FILES = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="{_RELATIONS}"/><Default Extension="xml" ContentType="application/xml"/>'
    f"{_part('workbook', 'sheet.main')}{_part('worksheets/sheet1', 'worksheet')}{_part('styles', 'styles')}</Types>",
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f"{_relation(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>",
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Cashline" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f"{_relation(1, 'worksheet', 'worksheets/sheet1.xml')}{_relation(2, 'styles', 'styles.xml')}</Relationships>",
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf fontId="1" applyFont="1"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
}
_BOLD, _DAY, _INSTANT = 1, 2, 3
_EPOCH = date(1899, 12, 30)


def xlsx_file(columns: tuple[Column, ...], rows: Iterable[Row]) -> IO[bytes]:
    """The list as a workbook of one sheet, at its start and ready to be read; large ones are spooled to disk."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the answer that sends it closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _FILES.items():
            package.writestr(name, text)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for text in _sheet(columns, rows):
                sheet.write(text.encode())
    file.seek(0)
    return file


def _sheet(columns: tuple[Column, ...], rows: Iterable[Row]) -> Iterator[str]:
    yield f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>'
    yield f"<sheetData><row>{''.join(_text(name, _BOLD) for name in header(columns))}</row>"
    for row in rows:
        yield f"<row>{''.join(_sheet_cell(value) for value in flat(columns, row))}</row>"
    yield "</sheetData></worksheet>"


def _sheet_cell(value: Flat) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, datetime):
        there = value.astimezone(UTC)
        seconds = Decimal(there.hour * 3600 + there.minute * 60 + there.second)
        days = Decimal((there.date() - _EPOCH).days) + seconds / 86400
        return f'<c s="{_INSTANT}"><v>{days:.6f}</v></c>'
    if isinstance(value, date):
        return f'<c s="{_DAY}"><v>{(value - _EPOCH).days}</v></c>'
    if isinstance(value, Decimal):
        return f"<c><v>{value:f}</v></c>"
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return _text(value)


def _text(text: str, style: int = 0) -> str:
    kept = "".join(sign for sign in text if sign >= " " or sign in "\t\n\r")
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(kept)}</t></is></c>'
