"""Reading a file of cases into closed structs, with all that is wrong in it at once, each with its place.

A format is written as msgspec structs; their types, `Meta` and tags are the whole of the rules. A value of a form that
msgspec does not know has a class with `read(text)`, which raises ValueError with a sentence.
"""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import UNSET, inspect

from cashline.kernel.refusals import InvalidValue, raise_all

DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
PADDED = re.compile(r"-?[0-9]+(\.[0-9]+)?")
"""Decimals of a format that lets zeros lead, such as 007.50."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_FILE_BYTES = 50_000_000


def read_file[T](path: Path, shape: type[T]) -> T:
    """The file as a `shape`; raises one refusal for every error in it, each with the place as its field."""
    return read(read_json(path), shape)


def read_json(path: Path) -> Any:
    """The decoded file; raises InvalidValue where it cannot be read, is too large or is no JSON."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidValue(f"{path} is larger than {MAX_FILE_BYTES} bytes.", field="file")
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}.", field="file") from error
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{path} is no JSON: {error}.", field="file") from error


def read[T](document: Any, shape: type[T], decimal: re.Pattern[str] = DECIMAL) -> T:
    """The decoded document as a `shape`, its decimals in that form; raises one refusal for every error."""
    walk = _Walk(decimal)
    made = walk.value(inspect.type_info(shape), document, "")
    raise_all(walk.errors)
    found: T = made
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is given twice in one object")
    return found


class _Walk:
    """One pass over a document: makes the values and gathers the errors."""

    def __init__(self, decimal: re.Pattern[str]) -> None:
        self.decimal = decimal
        self.errors: list[InvalidValue] = []

    def wrong(self, place: str, sentence: str) -> None:
        self.errors.append(InvalidValue(sentence, field=place or "file"))

    def value(self, kind: inspect.Type, given: Any, place: str) -> Any:
        """The value made of what is given, or None where it is wrong."""
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        match kind:
            case inspect.StructType():
                return self.struct(kind, given, place)
            case inspect.UnionType():
                return self.union(kind, given, place)
            case inspect.ListType() | inspect.VarTupleType():
                return self.array(kind, given, place)
            case inspect.DictType():
                return self.mapping(kind, given, place)
        try:
            return _leaf(kind, given, self.decimal)
        except ValueError as error:
            return self.wrong(place, str(error))

    def struct(self, kind: inspect.StructType, given: Any, place: str) -> Any:
        if not isinstance(given, dict):
            return self.wrong(place, f"An object is wanted here, not {_said(given)}.")
        before = len(self.errors)
        known = {field.encode_name: field for field in kind.fields}
        for name in given.keys() - known.keys() - {kind.tag_field}:
            self.wrong(_at(place, name), f"There is no {name!r} here; known: {', '.join(sorted(known))}.")
        values: dict[str, Any] = {}
        for name, field in known.items():
            if name in given and given[name] is None and not field.required:
                self.wrong(_at(place, name), f"{name!r} is left out or has a value; null is none.")
            elif name in given:
                values[field.name] = self.value(field.type, given[name], _at(place, name))
            elif field.required:
                self.wrong(_at(place, name), f"{name!r} is missing.")
        if kind.tag_field and given.get(kind.tag_field) != kind.tag:
            self.wrong(_at(place, kind.tag_field), f"{kind.tag!r} is wanted here.")
        if len(self.errors) > before:
            return None
        try:
            return kind.cls(**values)
        except ValueError as error:
            return self.wrong(place, str(error))

    def union(self, kind: inspect.UnionType, given: Any, place: str) -> Any:
        """None, a struct chosen by its tag, or one other type."""
        if given is None and kind.includes_none:
            return None
        others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        tagged = [one for one in others if isinstance(one, inspect.StructType) and one.tag_field]
        if not tagged:
            return self.value(others[0], given, place)
        if not isinstance(given, dict):
            return self.wrong(place, f"An object is wanted here, not {_said(given)}.")
        name = str(tagged[0].tag_field)
        for one in tagged:
            if given.get(name, UNSET) == one.tag:
                return self.struct(one, given, place)
        known = ", ".join(str(one.tag) for one in tagged)
        return self.wrong(_at(place, name), f"{_said(given.get(name))} is none of: {known}.")

    def array(self, kind: inspect.ListType | inspect.VarTupleType, given: Any, place: str) -> Any:
        if not isinstance(given, list):
            return self.wrong(place, f"A list is wanted here, not {_said(given)}.")
        if len(given) < (kind.min_length or 0):
            self.wrong(place, f"The list has at least {kind.min_length}.")
        return tuple(self.value(kind.item_type, one, f"{place}[{index}]") for index, one in enumerate(given))

    def mapping(self, kind: inspect.DictType, given: Any, place: str) -> Any:
        if not isinstance(given, dict):
            return self.wrong(place, f"An object is wanted here, not {_said(given)}.")
        for name in given:
            self.value(kind.key_type, name, _at(place, name))
        return {name: self.value(kind.value_type, one, _at(place, name)) for name, one in given.items()}


def _leaf(kind: inspect.Type, given: Any, decimal: re.Pattern[str]) -> Any:
    match kind:
        case inspect.DecimalType():
            return _matching(given, decimal, 'a decimal number as a string such as "8.71"', Decimal)
        case inspect.DateType():
            return _matching(given, DAY, 'a day such as "2026-02-28"', _day)
        case inspect.CustomType():
            return kind.cls.read(given)  # type: ignore[attr-defined]  # see the module's docstring
        case inspect.LiteralType():
            if given not in kind.values or isinstance(given, bool):
                raise ValueError(f"{_said(given)} is none of: {', '.join(map(str, kind.values))}.")
            return given
        case inspect.StrType():
            return _text(kind, given)
        case inspect.IntType():
            if not isinstance(given, int) or isinstance(given, bool):
                raise ValueError(f"A whole number is wanted here, not {_said(given)}.")
            if (kind.ge is not None and given < kind.ge) or (kind.le is not None and given > kind.le):
                raise ValueError(f"{given} is out of range ({kind.ge} to {'any' if kind.le is None else kind.le}).")
            return given
        case inspect.BoolType():
            if not isinstance(given, bool):
                raise ValueError(f"true or false is wanted here, not {_said(given)}.")
            return given
    raise TypeError(f"No rule reads a {kind}.")


def _matching(given: Any, pattern: re.Pattern[str], what: str, make: Any) -> Any:
    if not isinstance(given, str) or not pattern.fullmatch(given):
        raise ValueError(f"{_said(given)} is not {what}.")
    return make(given)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"There is no day {text}.") from None


def _text(kind: inspect.StrType, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"A text is wanted here, not {_said(given)}.")
    if kind.pattern and not re.search(kind.pattern, given):
        raise ValueError(f"{_said(given)} does not have the form {kind.pattern}.")
    return given


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _said(given: Any) -> str:
    text = "nothing" if given is None else repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
