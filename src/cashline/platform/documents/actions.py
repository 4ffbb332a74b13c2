"""Storing files: added once with the hash of their content, never rewritten."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.platform import sql

_COLUMNS = (
    "id",
    "subject_type",
    "subject_id",
    "kind",
    "customer_id",
    "file_name",
    "media_type",
    "sha256",
    "content",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file of a document; `subject_type` is a key of `kernel.identifiers.PREFIXES`.

    With `customer_id` the customer may read it in the portal.
    """

    subject_type: str
    subject_id: UUID
    kind: str
    file_name: str
    media_type: str
    content: bytes
    customer_id: UUID | None = None


def sha256(content: bytes) -> str:
    """The hash by which a file is known, in hex."""
    return hashlib.sha256(content).hexdigest()


@transaction.atomic
def store_files(files: Sequence[NewFile], *, now: datetime) -> list[UUID]:
    """Store files; gives their ids in order."""
    ids = [new_id() for _ in files]
    rows = [
        (
            key,
            file.subject_type,
            file.subject_id,
            file.kind,
            file.customer_id,
            file.file_name,
            file.media_type,
            sha256(file.content),
            file.content,
            now,
        )
        for key, file in zip(ids, files, strict=True)
    ]
    sql.insert("stored_files", _COLUMNS, rows)
    return ids
