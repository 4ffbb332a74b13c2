"""Opening a book beside the journal, and deciding what it elects; each decision is kept with who and why."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from cashline.flow.recognise.books.queries.books import book_for_update, books_of
from cashline.flow.recognise.books.rules.policies import JOURNAL, Policies, Standard, check_policies, in_force
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_CODE = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)
_POLICY_COLUMNS = ("id", "book_id", "version", "policies", "reason", "decided_by", "decided_at")


@dataclass(frozen=True, slots=True)
class NewBook:
    """A book as given."""

    entity_id: UUID
    code: str
    name: str
    standard: Standard
    policies: Policies = field(default_factory=Policies)


@transaction.atomic
def open_book(new: NewBook, *, reason: str, now: datetime, actor: str) -> UUID:
    """Open a book for an entity; the next run posts where it differs, from the first contract on.

    Raises InvalidValue and Conflict, all at once.
    """
    taken = {one.code for one in books_of([new.entity_id])} | {JOURNAL}
    policies = in_force(new.standard, new.policies)
    raise_all([*_errors(new, taken), *_reason_errors(reason), *check_policies(new.standard, policies)])
    key = new_id()
    sql.insert(
        "accounting_books",
        ("id", "entity_id", "code", "name", "standard", "created_by", "created_at"),
        [(key, new.entity_id, new.code, new.name.strip(), new.standard.value, actor, now)],
    )
    _keep(key, 0, policies, reason, now=now, actor=actor)
    objects = (ObjectRef("accounting_book", key), ObjectRef("entity", new.entity_id))
    data = {"code": new.code, "standard": new.standard.value, "policies": msgspec.to_builtins(policies)}
    record([Event("AccountingBookOpened", objects, data, reason.strip())], now=now, actor=actor)
    return key


@transaction.atomic
def set_policies(*, book_id: UUID, policies: Policies, reason: str, now: datetime, actor: str) -> int:
    """Decide what a book elects from now on, for all periods; gives the version. What is in force already is no change.

    The next run posts the difference: for closed months in the first open one (IAS 8.22, ASC 250-10-45-5).
    """
    row = book_for_update(book_id)
    policies = in_force(row.standard, policies)
    raise_all([*_reason_errors(reason), *check_policies(row.standard, policies)])
    if policies == row.policies:
        return row.version
    _keep(book_id, row.version + 1, policies, reason, now=now, actor=actor)
    objects = (ObjectRef("accounting_book", book_id), ObjectRef("entity", row.entity_id))
    data = {"version": row.version + 1, "policies": msgspec.to_builtins(policies)}
    record([Event("BookPoliciesSet", objects, data, reason.strip())], now=now, actor=actor)
    return row.version + 1


def _keep(key: UUID, version: int, policies: Policies, reason: str, *, now: datetime, actor: str) -> None:
    shape = sql.json(msgspec.to_builtins(policies))
    sql.insert("book_policies", _POLICY_COLUMNS, [(new_id(), key, version, shape, reason.strip(), actor, now)])


def _errors(new: NewBook, taken: set[str]) -> list[Refusal]:
    errors: list[Refusal] = []
    if not _CODE.fullmatch(new.code):
        sentence = "The code of a book has 1 to 20 small letters, digits and dashes, a letter first."
        errors.append(InvalidValue(sentence, field="code"))
    elif new.code in taken:
        errors.append(Conflict(f"This entity already has a book {new.code!r}.", field="code"))
    if not new.name.strip() or len(new.name) > 200:
        errors.append(InvalidValue("A book has a name of 1 to 200 characters.", field="name"))
    return errors


def _reason_errors(reason: str) -> list[Refusal]:
    if reason.strip() and len(reason) <= 1000:
        return []
    return [InvalidValue("Say why the book follows these policies.", field="reason")]
