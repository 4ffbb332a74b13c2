"""Opening a statement file: what it is, how much of it may be unpacked, and that all of it can be booked.

A file is taken as a whole or not at all. Bytes come from strangers: sizes are checked before anything is unpacked.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

from cashline.flow.receive.bank.rules import camt, mt940
from cashline.flow.receive.bank.rules.statement import (
    Statement,
    StatementRefused,
    UnknownStatementFormat,
    UnreadableStatement,
    clean_text,
    refuse_unbookable,
)
from cashline.platform.documents.safe_xml import FileTooLarge

MAX_BYTES = 32 * 1024 * 1024
"""Bytes of a file, and of everything that an archive unpacks to."""
MAX_MEMBERS = 500
MAX_RATIO = 200
"""How many times its packed size a member of an archive may have; statements pack to about a tenth."""


class UnsafeArchive(StatementRefused):
    """The archive unpacks to too much, holds archives, or is encrypted or broken."""

    code = "archive_unsafe"


def read_statements(data: bytes, *, name: str = "") -> tuple[Statement, ...]:
    """The statements of a file: camt.052, .053, .054, MT940, MT942, or a zip archive of such files.

    `name` is what the sender calls the file; it is shown and never opened. Raises a Refusal with a code, a field and,
    where it is about one, the statement and entry (from 1): see `statement` and `safe_xml`. Nothing is half read.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(
            f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted.",
            field="file",
            fix="Split the file into smaller ones.",
        )
    if not data.strip():
        raise UnreadableStatement("The file is empty.", field="file", fix="Export it again.")
    found: list[Statement] = []
    for member, content in _members(data, clean_text(name, 200)):
        try:
            statements = _read_one(content)
            refuse_unbookable(statements)
        except StatementRefused as refusal:
            if member != name:
                refusal.data.setdefault("member", member)
            raise
        found.extend(replace(statement, source=member) for statement in statements)
    if not found:
        raise UnreadableStatement("The file holds no statement.", field="file", fix="Export it again.")
    return tuple(found)


def _read_one(data: bytes) -> tuple[Statement, ...]:
    head = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")
    if head.startswith(b"<"):
        return camt.read_camt(data)
    if head.startswith(b"PK\x03\x04"):
        raise UnsafeArchive(
            "An archive inside the archive is not opened.", field="file", fix="Send the files themselves."
        )
    if b":20:" in data[:10_000]:
        return mt940.read_mt940(data)
    raise UnknownStatementFormat(
        "The file is neither camt.052, camt.053, camt.054 (XML) nor MT940.",
        field="file",
        fix="Export the statement as camt.053 or MT940.",
    )


def _members(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """The file itself, or the files of an archive, unpacked within the limits."""
    if not data.startswith(b"PK\x03\x04") and not data.startswith(b"PK\x05\x06"):
        yield name, data
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from _unpack(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise UnsafeArchive(
            f"The archive cannot be unpacked: {clean_text(str(error), 100)}.",
            field="file",
            fix="Pack it again, plainly.",
        ) from None


def _unpack(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = [
        entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX")
    ]
    if len(entries) > MAX_MEMBERS:
        raise UnsafeArchive(f"The archive holds {len(entries)} files; at most {MAX_MEMBERS}.", field="file")
    left = MAX_BYTES
    for entry in sorted(entries, key=lambda each: each.filename):
        name = clean_text(entry.filename, 200)
        if entry.flag_bits & 0x1:
            raise UnsafeArchive(f"{name} is encrypted.", field="file", fix="Send it without a password.", member=name)
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise UnsafeArchive(f"{name} unpacks to more than {MAX_RATIO} times its size.", field="file", member=name)
        with archive.open(entry) as member:
            content = member.read(left + 1)
        left -= len(content)
        if left < 0:
            raise UnsafeArchive(f"The archive unpacks to more than {MAX_BYTES:,} bytes.", field="file", member=name)
        yield name, content
