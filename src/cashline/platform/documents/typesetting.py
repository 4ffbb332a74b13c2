"""Setting documents in type: a template and its data in, a PDF/A file out, the same bytes for the same input.

Typst sets the pages. Only the fonts beside this module are used, never those of the machine; a sign that none of them
has is replaced by a box, since PDF/A forbids a missing glyph and a document must not fail on a name.
"""

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, cast

import typst

type PdfStandard = Literal["1.7", "a-2b", "a-3a", "a-3b", "ua-1"]

_HERE = Path(__file__).parent
_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')
_LOCK = Lock()
_BOX = "□"
_REMEMBERED = 10
"""Typst keeps the layout of the last ten documents, some 600 bytes for each byte of their data."""
_MAX_REMEMBERED_BYTES = 512 * 1024
_recent: deque[int] = deque(maxlen=_REMEMBERED)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF. The relationship is that of PDF/A-3: data, source, alternative or supplement."""

    name: str
    content: bytes
    media_type: str = "text/xml"
    description: str = ""
    relationship: str = "data"


def render(
    template: str,
    data: Mapping[str, Any],
    *,
    timestamp: datetime,
    attachments: Sequence[Attachment] = (),
    files: Mapping[str, bytes] | None = None,
    pdf_standard: PdfStandard | None = "a-3b",
    tagged: bool = False,
) -> bytes:
    """The PDF of a template (`invoice`, `quote`, `contract`, `statement`), filled with JSON-able data.

    `timestamp` is written into the file as its date; `files` are images that the data names. `tagged` adds the
    structure that screen readers use, at three times the size. Raises KeyError for an unknown template.
    """
    sources = _files(template, data, attachments, files or {})
    for _ in range(2):
        try:
            return _compile(sources, timestamp, pdf_standard, tagged)
        except typst.TypstError as error:
            missing = set(_MISSING.findall(str(error.diagnostic)))
            if not missing:
                raise
            sources["data.json"] = _without(data, missing)
    return _compile(sources, timestamp, pdf_standard, tagged)


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=[str(_HERE / "fonts")], ignore_system_fonts=True)


def _compile(sources: dict[str, bytes], timestamp: datetime, pdf_standard: PdfStandard | None, tagged: bool) -> bytes:
    # The types of the package do not know that a document may be several files in memory.
    entry = cast(bytes, sources)
    # The compiler keeps what it has laid out and so must serve one thread at a time.
    with _LOCK:
        result = _compiler().compile(
            entry,
            format="pdf",
            pdf_standards=[pdf_standard] if pdf_standard else [],
            timestamp=timestamp.replace(microsecond=0),
            pdf_tags=tagged,
        )
        _forget_large(len(sources["data.json"]))
    return cast(bytes, result)


def _forget_large(size: int) -> None:
    """Let go of large documents at once: memory stays flat when many follow each other."""
    _recent.append(size)
    if sum(_recent) > _MAX_REMEMBERED_BYTES:
        for _ in range(_REMEMBERED + 1):
            _compiler().compile(b"")
        _recent.clear()


@cache
def _templates() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((_HERE / "templates").glob("*.typ"))}


def _files(
    template: str, data: Mapping[str, Any], attachments: Sequence[Attachment], files: Mapping[str, bytes]
) -> dict[str, bytes]:
    templates = _templates()
    listed = [
        {
            "name": item.name,
            "path": f"attachment-{index}",
            "type": item.media_type,
            "description": item.description or item.name,
            "relationship": item.relationship,
        }
        for index, item in enumerate(attachments)
    ]
    return {
        "main.typ": templates[f"{template}.typ"],
        **{name: text for name, text in templates.items() if name != f"{template}.typ"},
        **files,
        **{f"attachment-{index}": item.content for index, item in enumerate(attachments)},
        "attachments.json": json.dumps(listed).encode(),
        "data.json": json.dumps(_clean(data), ensure_ascii=False).encode(),
    }


def _clean(value: Any) -> Any:
    """The data without control characters and lone surrogates, which no font and no JSON reader takes."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        kept = (sign if sign in "\n\t" or sign >= " " else " " for sign in value)
        return "".join(kept).encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _without(data: Mapping[str, Any], missing: set[str]) -> bytes:
    text = json.dumps(_clean(data), ensure_ascii=False)
    for sign in {sign for found in missing for sign in found if sign not in '"\\'}:
        text = text.replace(sign, _BOX)
    return text.encode()
