"""Adds up the books beside the journal of a Cashline audit pack:  python3 rebook.py pack.zip

Needs Python 3.9 or newer and nothing else. Every entry of a book balances, and each amount in it is the book's plan
less that of the journal and what was posted before. Ends with 1 at the first figure that differs.
"""

import csv
import io
import json
import sys
import zipfile
from decimal import Decimal

Row = dict[str, str]
ZERO = Decimal(0)


class Differs(Exception):
    """A figure of the pack that is not what it should be."""


def rows_of(archive: zipfile.ZipFile, name: str) -> list[Row]:
    """The rows of a file of the pack."""
    return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8"), newline="")))


def equal(place: str, stands: object, should: object) -> int:
    """One figure."""
    if Decimal(str(stands)) != Decimal(str(should)):
        raise Differs(f"{place}: {stands} stands there, and {should} is right")
    return 1


def check_entries(entries: dict[str, Row], lines: list[Row]) -> int:
    """Entries balance in both currencies, and have all their lines."""
    checked = 0
    for key, entry in entries.items():
        own = [line for line in lines if line["entry_id"] == key]
        for name in ("amount", "functional_amount"):
            checked += equal(
                f"book_entries.csv {key}, {name} in all", sum((Decimal(one[name]) for one in own), ZERO), 0
            )
        checked += equal(f"book_entries.csv {key}, its lines", len(own), entry["line_count"])
    return checked


def check_plans(entries: dict[str, Row], lines: list[Row]) -> int:
    """Each amount is what the book's plan has there, less what the journal's has and what was posted before."""
    checked = 0
    for line in (one for one in lines if one["name"]):
        entry, given = entries[line["entry_id"]], json.loads(line["derivation"])["inputs"]
        book, before, posted = (Decimal(str(given[name])) for name in ("in_the_book", "before", "posted"))
        words = " ".join((entry["text"], line["name"], line["subject"], line["nature"])).strip()
        checked += equal(f"book_lines.csv {words}", line["amount"], book - before - posted)
    return checked


def main(path: str) -> int:
    """Check the books of a pack; 0 where they are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {row["id"]: row for row in rows_of(archive, "book_entries")}
            lines = rows_of(archive, "book_lines")
            checked = check_entries(entries, lines) + check_plans(entries, lines)
    except Differs as found:
        sys.stdout.write(f"DIFFERS  {found}.\n")
        return 1
    except (KeyError, ValueError, ArithmeticError, zipfile.BadZipFile) as broken:
        sys.stdout.write(f"DIFFERS  the pack cannot be read: {type(broken).__name__}: {broken}.\n")
        return 1
    sys.stdout.write(f"RIGHT  {len(entries)} entries of books beside the journal, {checked} figures.\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
