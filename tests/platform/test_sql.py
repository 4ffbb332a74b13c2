"""Rows that are copied come out of the database as they went in, whatever signs they hold."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from cashline.kernel.identifiers import new_id
from cashline.platform import sql

pytestmark = pytest.mark.usefixtures("db")


class Colour(StrEnum):
    RED = "red"


TEXTS = ["plain", "", "\\N", "tab\there", "line\nbreak\r", "back\\slash", '"quoted", {brace}', "naïve ☃", "\b\f\v"]
COLUMNS = {
    "id": "uuid", "words": "text", "maybe": "text", "amount": "numeric", "day": "date", "at": "timestamptz",
    "shape": "jsonb", "names": "text[]", "on_file": "boolean", "content": "bytea", "no": "integer", "colour": "text",
}  # fmt: skip


def test_copied_rows_come_back_as_they_were() -> None:
    sql.execute(f"CREATE TEMPORARY TABLE copied ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    now = datetime(2026, 1, 1, 9, 30, 15, 250, tzinfo=UTC)
    rows = [
        (
            new_id(), TEXTS[index % 9], TEXTS[index % 7] if index % 2 else None, Decimal(index).scaleb(index % 9 - 5),
            date(2026, 1, 1) + timedelta(days=index), now + timedelta(seconds=index), sql.json({"a": TEXTS[index % 9]}),
            [TEXTS[index % 9], TEXTS[index % 5]], index % 3 == 0, bytes([index % 256, 92, 10]), index, Colour.RED,
        )
        for index in range(sql.COPY_FROM_ROWS * 2)
    ]  # fmt: skip
    sql.insert("copied", list(COLUMNS), rows)
    found = sql.fetch("SELECT * FROM copied ORDER BY no")
    expected = [(*row[:6], row[6].obj, *row[7:11], "red") for row in rows]
    assert [(*row[:9], bytes(row[9]), *row[10:]) for row in found] == expected


def test_what_the_text_form_does_not_know_is_copied_by_the_driver() -> None:
    sql.execute("CREATE TEMPORARY TABLE copied (no integer, length interval)")
    rows = [(index, timedelta(hours=index)) for index in range(sql.COPY_FROM_ROWS)]
    assert sql.copy_text(rows) is None
    sql.insert("copied", ("no", "length"), rows)
    assert sql.fetch("SELECT * FROM copied ORDER BY no") == rows
