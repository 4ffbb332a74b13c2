"""What the bodies and addresses of every API share: closed objects, bounded texts, exact numbers, pages of lists."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeAliasType, cast, get_args
from uuid import UUID

from ninja import Query, Schema
from pydantic import ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from cashline.kernel.identifiers import public
from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import lists
from cashline.platform.doors.caller import Caller
from cashline.platform.doors.paging import MAX_LIMIT, Page

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Closed(Schema):
    """A body that takes no field it does not know, no number that is a truth value, and no day that no business has."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _exact(cls, value: Any, info: ValidationInfo) -> Any:
        annotation: Any = cls.model_fields[info.field_name or ""].annotation
        return exact(value, _kinds(annotation))

    @field_validator("*", mode="after")
    @classmethod
    def _sensible(cls, value: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime) and not FIRST_DAY <= value <= LAST_DAY:
            raise ValueError(f"is no day of business: give one from {FIRST_DAY} to {LAST_DAY}")
        return value


def exact(value: Any, kinds: frozenset[type]) -> Any:
    """The value, unless it only looks like one of those kinds; raises ValueError.

    `true` is no number, and a number in a text is written with the digits of ASCII.
    """
    if isinstance(value, list):
        return [exact(item, kinds) for item in value]
    if isinstance(value, bool) and bool not in kinds and kinds & {int, Decimal, str, date}:
        raise ValueError("is true or false, which means nothing here")
    if isinstance(value, str) and Decimal in kinds and str not in kinds and not _NUMBER.fullmatch(value.strip(" ")):
        raise ValueError("is not a number such as 1234.50")
    return value


@cache
def _kinds(annotation: Any) -> frozenset[type]:
    """The plain types within an annotation."""
    if isinstance(annotation, TypeAliasType):
        return _kinds(annotation.__value__)
    if inner := get_args(annotation):
        return frozenset[type]().union(*(_kinds(one) for one in inner if isinstance(one, Hashable)))
    return frozenset([annotation]) if isinstance(annotation, type) else frozenset()


type Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
type Text = Annotated[str, StringConstraints(max_length=200)]
type LongText = Annotated[str, StringConstraints(max_length=20_000)]
type Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
type Email = Annotated[str, StringConstraints(max_length=254)]
type CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
type CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
type EntityCode = Annotated[str, StringConstraints(min_length=1, max_length=8)]
type PublicId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
type Quantity = Annotated[Decimal, Field(gt=0, le=Decimal(10_000_000), decimal_places=6)]
type UnitPrice = Annotated[Decimal, Field(ge=0, lt=Decimal("1e12"), decimal_places=10)]
type Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
type Months = Annotated[int, Field(ge=0, le=120)]
Cursor = Annotated[str, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Words = Annotated[str, Query(max_length=200)]
Sort = Annotated[str, Query(max_length=50, description="A sort name; -name from the last on.")]


class Why(Closed):
    """The reason for a step."""

    reason: Reason


def with_refusals(wrong: ValidationError, refusals: Iterable[Refusal]) -> ValidationError:
    """What is wrong with the form of a body together with what rules refuse in it; of a field the rule speaks."""
    ruled = {refusal.field: refusal for refusal in refusals}
    found: list[InitErrorDetails] = []
    for item in wrong.errors(include_url=False):
        refusal = None if item["type"] == "missing" else ruled.pop(".".join(map(str, item["loc"])), None)
        found.append(_detail(refusal, item["loc"]) if refusal else cast("InitErrorDetails", item))
    there = {".".join(map(str, item["loc"])) for item in wrong.errors(include_url=False)}
    found += [_detail(refusal, (field,)) for field, refusal in ruled.items() if field not in there]
    return ValidationError.from_exception_data(wrong.title, found)


def _detail(refusal: Refusal, place: tuple[int | str, ...]) -> InitErrorDetails:
    made = PydanticCustomError("refused", "{words}", {"words": refusal.message, "refusal": refusal})
    return {"type": made, "loc": place, "input": None}


def body_of[B: Schema](kind: type[B], given: Mapping[str, Any]) -> B:
    """A body as the terminal gives it; raises InvalidValue for each field that is wrong."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = [InvalidValue(one["msg"], field=".".join(map(str, one["loc"]))) for one in error.errors()]
    raise_all(wrong)
    raise AssertionError("A body that is wrong says what is wrong.")


def ask_of(sort: str, cursor: str, limit: int) -> lists.Ask:
    """What a list was asked for; `-name` sorts from the last to the first."""
    return lists.Ask(sort.removeprefix("-"), sort.startswith("-"), cursor, limit)


def listed[T](page: Page[T], shape: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """The answer of every list."""
    return {"items": [shape(item) for item in page.items], "next_cursor": page.next_cursor}


def require_visible(caller: Caller, permission: str, entity_id: UUID, kind: str, key: UUID) -> None:
    """Raise Forbidden without the permission, and NotFound where it is held, but not for the document's entity."""
    caller.require(permission)
    if not caller.authority.allows(permission, entity_id):
        raise NotFound(f"There is no {kind.replace('_', ' ')} {public(kind, key)}.", field="id")
