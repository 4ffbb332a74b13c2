"""Reading orders from a CSV file: one row a line, rows of one customer and reference make an order.

Columns, in any order, by name in the first row: `order_ref`, `customer`, `sku`, `quantity`, `currency` are needed;
`unit_price`, `discount_percent`, `unit`, `description`, `buyer_sku`, `standard_item`, `interval_months`, `term_months`,
`ordered_on`, `requested_delivery`, `note` and `ship_to_name`, `ship_to_street`, `ship_to_postcode`, `ship_to_city`,
`ship_to_country` may be there. Cells are separated by comma, semicolon or tab; the text is UTF-8. Numbers have a
decimal point; in a file with semicolons or tabs all may have a decimal comma instead. Days are written 2026-03-31.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal

from cashline.flow.book.orders.rules.incoming import (
    MAX_LINES,
    MAX_LONG_TEXT,
    Findings,
    IncomingAddress,
    IncomingLine,
    IncomingOrder,
    IncomingParty,
    NotAnOrder,
    OrderFileTooLong,
)
from cashline.kernel.refusals import Refusal
from cashline.platform.documents.safe_xml import FileTooLarge

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
NEEDED = ("order_ref", "customer", "sku", "quantity", "currency")
OPTIONAL = (
    "unit_price",
    "discount_percent",
    "unit",
    "description",
    "buyer_sku",
    "standard_item",
    "interval_months",
    "term_months",
    "ordered_on",
    "requested_delivery",
    "note",
    "ship_to_name",
    "ship_to_street",
    "ship_to_postcode",
    "ship_to_city",
    "ship_to_country",
)
_OF_ORDER = ("currency", "ordered_on", "requested_delivery", "note", *(name for name in OPTIONAL if "ship_to" in name))
_NUMBERS = ("quantity", "unit_price", "discount_percent")
_SEPARATORS = (",", ";", "\t")


class UnreadableCsv(Refusal):
    """The file is no CSV in UTF-8."""

    code = "unreadable_csv"


class CsvHeaderWrong(Refusal):
    """The first row does not name the columns as it must."""

    code = "csv_header_wrong"


type _Row = Mapping[str, str]


def parse_csv_orders(data: bytes) -> list[IncomingOrder]:
    """The orders of a CSV file in the order of their first rows; raises everything that is wrong at once.

    `row` of orders and lines is the line of the file (the header is 1).
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(
            f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted.",
            field="file",
            fix="Split the file into smaller ones.",
        )
    text = _decode(data)
    separator = _separator(text)
    findings = Findings()
    rows = list(_rows(text, separator, findings))
    if not rows and not findings.refusals:
        raise NotAnOrder("The file has a header and no rows.", field="file", fix="Add a row for each order line.")
    comma = separator != "," and _has_decimal_comma(rows)
    groups: dict[tuple[str, str], list[tuple[int, _Row]]] = {}
    for number, row in rows:
        groups.setdefault((row["customer"], row["order_ref"]), []).append((number, row))
    orders = [_order(group, findings, comma=comma) for group in groups.values()]
    findings.raise_all()
    return orders


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data:
        raise UnreadableCsv("The file is not a UTF-8 text.", field="file", fix='Save it as "CSV UTF-8".')
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise UnreadableCsv(
            f"Row {row} holds a byte that is not UTF-8.", field="file", fix='Save it as "CSV UTF-8".', row=row
        ) from None


def _separator(text: str) -> str:
    """The separator by which the first row names most columns that are known."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    known = {*NEEDED, *OPTIONAL}
    return max(_SEPARATORS, key=lambda sign: sum(_column(cell) in known for cell in header.split(sign)))


def _column(cell: str) -> str:
    return cell.strip().strip('"').strip().lower().replace(" ", "_")


def _rows(text: str, separator: str, findings: Findings) -> Iterator[tuple[int, _Row]]:
    """The rows below the header with the number of their first line; rows without any text are passed by."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] | None = None
    start = 1
    count = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            message = f"Row {start} cannot be read: {error}."
            raise UnreadableCsv(message, field="file", fix="Close every quoted cell.", row=start) from None
        if cells is None:
            break
        number, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells)
            continue
        count += 1
        if count > MAX_ROWS:
            message = f"The file has more than {MAX_ROWS:,} rows."
            raise OrderFileTooLong(message, field="file", fix="Split the file into smaller ones.")
        if len(cells) != len(header):
            message = f"Row {number} has {len(cells)} cells, the header {len(header)}."
            findings.invalid("row", message, "Quote cells that hold the separator.", row=number)
            continue
        yield number, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    if header is None:
        raise NotAnOrder("The file is empty.", field="file", fix=f"Begin it with the columns {', '.join(NEEDED)}.")


def _header(cells: list[str]) -> list[str]:
    header = [_column(cell) for cell in cells]
    problems: list[str] = []
    missing = [name for name in NEEDED if name not in header]
    if missing:
        problems.append(f"the columns {', '.join(missing)} are missing")
    unknown = [name or "(no name)" for name in header if name not in (*NEEDED, *OPTIONAL)]
    if unknown:
        problems.append(f"the columns {', '.join(unknown)[:200]} are not known")
    twice = sorted({name for name in header if header.count(name) > 1} - set(unknown))
    if twice:
        problems.append(f"the columns {', '.join(twice)} stand twice")
    if problems:
        raise CsvHeaderWrong(
            f"In the first row {'; '.join(problems)}.",
            field="file",
            fix=f"Needed: {', '.join(NEEDED)}. Possible: {', '.join(OPTIONAL)}.",
            row=1,
        )
    return header


def _has_decimal_comma(rows: list[tuple[int, _Row]]) -> bool:
    return any("," in row.get(name, "") for _, row in rows for name in _NUMBERS)


def _order(group: list[tuple[int, _Row]], findings: Findings, *, comma: bool) -> IncomingOrder:
    number, first = group[0]
    reference = findings.text(first["order_ref"], "order_ref", "The reference", row=number)
    for row_number, row in group:
        for name in ("order_ref", "customer"):
            if not row[name]:
                findings.missing(name, f"Row {row_number}: {name} is empty.", row=row_number)
    if len(group) > MAX_LINES:
        message = f"Order {reference} has {len(group):,} lines; at most {MAX_LINES:,} are taken."
        findings.invalid("order_ref", message, "Split it into several orders.", row=number)
    _check_alike(group, findings)
    return IncomingOrder(
        external_reference=reference,
        currency=findings.currency(first["currency"], "currency", row=number),
        buyer=_buyer(findings.text(first["customer"], "customer", "The customer", row=number)),
        lines=tuple(_line(index, *row, findings, comma=comma) for index, row in enumerate(group, 1)),
        issued_on=findings.day(first.get("ordered_on", ""), "ordered_on", "The day of the order", row=number),
        requested_delivery=findings.day(
            first.get("requested_delivery", ""), "requested_delivery", "The requested day", row=number
        ),
        ship_to=_ship_to(first, findings, number),
        note=findings.text(first.get("note", ""), "note", "The note", limit=MAX_LONG_TEXT, row=number),
        row=number,
    )


def _buyer(customer: str) -> IncomingParty:
    """The cell names the customer by our number or id, by tax number, or by name: the caller finds out which."""
    return IncomingParty(name=customer, identifiers=(customer,))


def _check_alike(group: list[tuple[int, _Row]], findings: Findings) -> None:
    """What belongs to the whole order must be the same in each of its rows, or empty after the first."""
    number, first = group[0]
    for row_number, row in group[1:]:
        for name in _OF_ORDER:
            value = row.get(name, "")
            if value and value != first.get(name, ""):
                findings.invalid(
                    name,
                    f"Row {row_number}: {name} is {value[:40]!r}, but {first.get(name, '')[:40]!r} in row {number} "
                    f"of the same order.",
                    "Give each order one value, or another order_ref.",
                    row=row_number,
                )


def _ship_to(row: _Row, findings: Findings, number: int) -> IncomingAddress | None:
    columns = {"name": "name", "street": "street", "postal_code": "postcode", "city": "city", "country": "country"}
    parts = {
        key: findings.text(row.get(f"ship_to_{column}", ""), f"ship_to_{column}", f"The {column}", row=number)
        for key, column in columns.items()
    }
    country = parts["country"]
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        message = f"Row {number}: the country {country[:20]!r} is not an ISO 3166 code of two letters."
        findings.invalid("ship_to_country", message, "Write DE, FR, US …", row=number)
    return IncomingAddress(**parts) if any(parts.values()) else None


def _line(index: int, number: int, row: _Row, findings: Findings, *, comma: bool) -> IncomingLine:
    if not (row["sku"] or row.get("buyer_sku") or row.get("standard_item")):
        findings.missing("sku", f"Row {number} does not say which product is ordered.", row=number)
    quantity = Decimal(0)
    if row["quantity"]:
        cell = _number_cell(row, "quantity", number, findings, comma=comma)
        quantity = findings.quantity(cell, "quantity", row=number) if cell else quantity
    else:
        findings.missing("quantity", f"Row {number} has no quantity.", row=number)
    price = _number_cell(row, "unit_price", number, findings, comma=comma)
    discount = _number_cell(row, "discount_percent", number, findings, comma=comma)
    percent = findings.price(discount, "discount_percent", "The discount", row=number)
    if percent is not None and percent > 100:
        findings.invalid("discount_percent", f"Row {number}: a discount of {percent} % is over 100 %.", row=number)
    return IncomingLine(
        line_no=str(index),
        quantity=quantity,
        unit=row.get("unit", "")[:10],
        sku=findings.text(row["sku"], "sku", "The product number", row=number),
        buyer_sku=findings.text(row.get("buyer_sku", ""), "buyer_sku", "The buyer's number", row=number),
        standard_item=findings.text(row.get("standard_item", ""), "standard_item", "The standard number", row=number),
        description=findings.text(
            row.get("description", ""), "description", "The description", limit=MAX_LONG_TEXT, row=number
        ),
        unit_price=findings.price(price, "unit_price", row=number),
        discount_percent=percent,
        interval_months=_months(row, "interval_months", number, findings),
        term_months=_months(row, "term_months", number, findings),
        row=number,
    )


def _number_cell(row: _Row, name: str, number: int, findings: Findings, *, comma: bool) -> str:
    """The cell with a decimal point; a point beside decimal commas, or a comma in a comma file, is a finding."""
    cell = row.get(name, "")
    if "," not in cell and not (comma and "." in cell):
        return cell
    if comma and "." not in cell and cell.count(",") == 1:
        return cell.replace(",", ".")
    fix = "Write it as 1234,50 like the others." if comma else "Write it as 1234.50."
    message = f"Row {number}: {name} {cell[:40]!r} can be read in two ways."
    findings.invalid(name, message, fix, row=number)
    return ""


def _months(row: _Row, name: str, number: int, findings: Findings) -> int | None:
    cell = row.get(name, "")
    if not cell:
        return None
    if cell.isascii() and cell.isdigit() and len(cell) <= 4:
        return int(cell)
    findings.invalid(name, f"Row {number}: {name} {cell[:40]!r} is not a whole number of months.", row=number)
    return None
