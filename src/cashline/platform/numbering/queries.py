"""Which numbers somebody may mean who types only a part of one."""

import re

from cashline.platform import sql
from cashline.platform.numbering.rules import format_number

_TAIL = re.compile(r"(?:.*\D)?(\d{1,9})")


def numbers_ending(kind: str, word: str) -> list[str]:
    """The numbers of a kind of document that end in the word, one of each series: of 123 and of 2026-000123 too."""
    found = _TAIL.fullmatch(word)
    if found is None:
        return []
    numbers = [
        format_number(kind, code or "", year, int(found[1]))
        for code, year in sql.fetch(
            "SELECT e.code, n.year FROM number_series n LEFT JOIN legal_entities e ON e.id = n.entity_id "
            "WHERE n.kind = %s ORDER BY e.code, n.year",
            (kind,),
        )
    ]
    return [number for number in numbers if found[1] == word or number.endswith(f"-{word.upper()}")]
