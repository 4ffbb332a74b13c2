"""Reading a file of revenue cases: each case for itself, so that one of a wrong form fails alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cashline.flow.recognise.revenue.rules.standard.facts import Modified
from cashline.kernel.refusals import InvalidValue, Refusal, Refusals, raise_all
from cashline.surfaces.check.reading import PADDED, read, read_json
from cashline.surfaces.check.revenue_format import RevenueCase, RevenueFile

_NAMES = ("contract", "obligation", "consideration", "cost")


def read_cases(path: Path) -> list[tuple[str, RevenueCase | str]]:
    """The cases by their ids; a sentence in place of one that has a wrong form.

    Raises one refusal for every error of the file itself: its head, no cases, cases without an id or with one twice.
    """
    document = read_json(path)
    given = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(given, list) or not given:
        read(document, RevenueFile)
        raise InvalidValue("A file has at least one case.", field="cases")
    read({**document, "cases": []}, RevenueFile, PADDED)
    names = [one.get("id") if isinstance(one, dict) else None for one in given]
    raise_all(_wrong_names(names))
    return [
        (str(name), _case(one, f"cases[{index}]")) for index, (name, one) in enumerate(zip(names, given, strict=True))
    ]


def _wrong_names(names: list[Any]) -> Iterator[InvalidValue]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name:
            yield InvalidValue("A case has an id.", field=f"cases[{index}].id")
        elif name in seen:
            yield InvalidValue(f"There are two cases {name!r}.", field=f"cases[{index}].id")
        else:
            seen.add(name)


def _case(given: Any, place: str) -> RevenueCase | str:
    try:
        case = read(given, RevenueCase, PADDED)
        raise_all(_unknown(case))
    except Refusal as refusal:
        found = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
        return " ".join(f"{place}.{one.field}: {one.message}" for one in found)
    return case


def _unknown(case: RevenueCase) -> Iterator[InvalidValue]:
    """Figures that are asked of something that the case does not have."""
    obligations = [one.id for contract in case.contracts for one in contract.obligations]
    obligations += [one.id for event in case.events if isinstance(event, Modified) for one in event.added]
    known = {
        "contract": {one.id for one in case.contracts},
        "obligation": set(obligations),
        "consideration": {part.id for contract in case.contracts for part in contract.consideration},
        "cost": {one.id for one in case.costs},
    }
    for kind in case.expect.__struct_fields__:
        for index, figure in enumerate(getattr(case.expect, kind)):
            for what in _NAMES:
                name = getattr(figure, what, None)
                if name is not None and name not in known[what]:
                    yield InvalidValue(f"There is no {what} {name!r}.", field=f"expect.{kind}[{index}].{what}")
