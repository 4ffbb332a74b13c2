"""Refusals: the expected ways in which a request can be turned down.

A refusal has a stable `code` (machines match on it), a sentence for a person, the `field` it is about and
further `data`. Doors map refusals to answers once; rules and actions only raise them. Where a user needs every
error at once, collect them and raise `Refusals`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar


class Refusal(Exception):
    """An expected 'no': subclass it beside the rule that raises it and give it a stable `code`."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, message: str, *, field: str = "", fix: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.fix = fix
        self.data = data

    def as_dict(self) -> dict[str, Any]:
        """This refusal as the one error shape of every door."""
        shape: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            shape["field"] = self.field
        if self.fix:
            shape["fix"] = self.fix
        if self.data:
            shape["data"] = {key: str(value) for key, value in self.data.items()}
        return shape


class Refusals(Refusal):
    """Several refusals together, so that a user can mend them all in one go."""

    code = "several"

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals: tuple[Refusal, ...] = tuple(refusals)
        super().__init__("; ".join(refusal.message for refusal in self.refusals))

    def __iter__(self) -> Iterator[Refusal]:
        return iter(self.refusals)


class NotFound(Refusal):
    """No such document, or none that the asker may see; the two are never told apart."""

    code = "not_found"
    status = 404


class Forbidden(Refusal):
    """The asker is known and may not do this."""

    code = "forbidden"
    status = 403


class Conflict(Refusal):
    """The request contradicts what is already recorded."""

    code = "conflict"
    status = 409


class InvalidValue(Refusal):
    """A value has the wrong type, form or range."""

    code = "invalid_value"


def raise_all(refusals: Iterable[Refusal]) -> None:
    """Raise the refusals: one as itself, several as `Refusals`; none is no error."""
    found = tuple(refusals)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Refusals(found)
