"""What the pages of statements share: the legal entity and the day that the address names."""

from datetime import date

from django.http import HttpRequest
from django.urls import reverse

from cashline.flow.report.statements.rules import FIRST_DAY, LAST_DAY
from cashline.kernel.refusals import InvalidValue, NotFound
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.components import View


def chosen_entity(request: HttpRequest, name: str) -> tuple[Entity, tuple[View, ...]]:
    """The entity that the address names, else the first, and the tabs that lead to the others; raises NotFound."""
    found = caller_of(request).own_entities("reports.read")
    wanted = request.GET.get("entity", found[0].code if found else "")
    entity = next((one for one in found if one.code == wanted), None)
    if entity is None:
        raise NotFound(f"There is no legal entity {wanted!r}.", field="entity")
    address = reverse(name)
    return entity, tuple(View(one.name, f"{address}?entity={one.code}", current=one is entity) for one in found)


def chosen_day(request: HttpRequest, name: str, default: date) -> date:
    """The day that the address names; raises InvalidValue."""
    text = request.GET.get(name, "")
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidValue(f"{text[:40]!r} is no day that reports know.", field=name)
    return day
