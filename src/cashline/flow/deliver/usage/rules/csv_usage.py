"""Reading usage from a CSV file: one row an event.

Columns, in any order, by name in the first row: `id`, `subscription`, `meter` and `time` are needed; `source`,
`quantity` and `item` may be there; every other column is a property. Cells are separated by comma, semicolon or tab;
the text is UTF-8, numbers have a decimal point, times their offset. A row that cannot be read becomes a dead letter.
"""

import csv
import io
from collections.abc import Iterator

from cashline.flow.deliver.usage.rules.reading import Read, read_row
from cashline.flow.deliver.usage.rules.recording import Unreadable, Wrong
from cashline.kernel.refusals import Refusal

MAX_BYTES = 200 * 1024 * 1024
NEEDED = ("id", "subscription", "meter", "time")
OPTIONAL = ("source", "quantity", "item")


class UsageFileUnreadable(Refusal):
    """The file is no CSV in UTF-8 with the columns that usage needs."""

    code = "usage_file_unreadable"


def parse_csv_usage(data: bytes, *, source: str = "csv") -> list[Read]:
    """The events of a file, in order; `source` is that of the rows which name none. Raises UsageFileUnreadable."""
    if len(data) > MAX_BYTES:
        raise UsageFileUnreadable(f"The file is larger than {MAX_BYTES:,} bytes.", field="file", fix="Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageFileUnreadable("The file is no UTF-8 text.", field="file", fix='Save it as "CSV UTF-8".') from None
    if "\x00" in text:
        raise UsageFileUnreadable("The file is no text.", field="file")
    found = list(_rows(text, source))
    if not found:
        raise UsageFileUnreadable("The file has no rows.", field="file", fix="Add a row for each event.")
    return found


def _rows(text: str, source: str) -> Iterator[Read]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            message = f"Row {reader.line_num} cannot be read: {error}."
            raise UsageFileUnreadable(message, field="file", fix="Close every quoted cell.") from None
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells)
        elif len(cells) != len(header):
            message = f"Row {reader.line_num} has {len(cells)} cells, the header {len(header)}."
            yield Unreadable({"row": reader.line_num, "cells": cells}, Wrong("invalid_value", "row", message))
        else:
            yield read_row(dict(zip(header, map(str.strip, cells), strict=True)), source=source)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    names = [name.lower() if name.lower() in (*NEEDED, *OPTIONAL) else name for name in names]
    missing = [name for name in NEEDED if name not in names]
    if missing or len(set(names)) < len(names) or not all(names):
        raise UsageFileUnreadable(
            "The first row names each column once, among them " + ", ".join(NEEDED) + ".",
            field="file",
            fix=f"Add {', '.join(missing)}." if missing else "Name every column once.",
        )
    return names
