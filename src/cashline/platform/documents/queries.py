"""Reading stored files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class FileRow:
    """A stored file without its content."""

    id: UUID
    subject_type: str
    subject_id: UUID
    kind: str
    customer_id: UUID | None
    file_name: str
    media_type: str
    sha256: str
    size: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A stored file with its content."""

    file: FileRow
    content: bytes


_FILE = "id, subject_type, subject_id, kind, customer_id, file_name, media_type, sha256, length(content), created_at"


def files_of(subject_ids: Iterable[UUID], kinds: Sequence[str] = ()) -> list[FileRow]:
    """The files of those documents, oldest first; `kinds` narrows them."""
    return sql.fetch_as(
        FileRow,
        f"SELECT {_FILE} FROM stored_files WHERE subject_id = ANY(%s) AND (%s OR kind = ANY(%s)) "
        "ORDER BY created_at, id",
        (list(set(subject_ids)), not kinds, list(kinds)),
    )


def file(file_id: UUID) -> StoredContent:
    """One file; raises NotFound."""
    row = sql.fetch_one(f"SELECT {_FILE}, content FROM stored_files WHERE id = %s", (file_id,))
    if row is None:
        raise NotFound(f"There is no file {file_id}.", field="file_id")
    return StoredContent(FileRow(*row[:-1]), bytes(row[-1]))


def latest_file(subject_id: UUID, kind: str) -> StoredContent | None:
    """The newest file of that kind of a document."""
    row = sql.fetch_one(
        f"SELECT {_FILE}, content FROM stored_files WHERE subject_id = %s AND kind = %s "
        "ORDER BY created_at DESC, id DESC LIMIT 1",
        (subject_id, kind),
    )
    return StoredContent(FileRow(*row[:-1]), bytes(row[-1])) if row else None
