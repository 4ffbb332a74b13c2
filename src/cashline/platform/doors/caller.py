"""Who calls and when: set on every request by the middleware, read by every page and endpoint."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from django.http import HttpRequest

from cashline.platform.clock.queries import ClockReading
from cashline.platform.company.queries import Entity, entities
from cashline.platform.permissions.rules import Authority


@dataclass(frozen=True, slots=True)
class Caller:
    """The authority and the clock of a request."""

    authority: Authority
    clock: ClockReading

    @property
    def actor(self) -> str:
        """Who is written beside each change."""
        return self.authority.actor

    @property
    def now(self) -> datetime:
        """The instant of the request."""
        return self.clock.now

    def today(self, timezone: str = "UTC") -> date:
        """The business day of the request in a time zone."""
        return self.clock.today(timezone)

    def require(self, permission: str, entity_id: UUID | None = None) -> None:
        """Raise Forbidden where the permission is missing."""
        self.authority.require(permission, entity_id)

    def entities(self, permission: str) -> list[UUID] | None:
        """The legal entities whose documents the caller may see; None means all."""
        return self.authority.entities(permission)

    def own_entities(self, permission: str) -> list[Entity]:
        """Our legal entities for which the caller holds the permission."""
        held = self.entities(permission)
        return [one for one in entities() if held is None or one.id in held]


def caller_of(request: HttpRequest) -> Caller:
    """The caller of a request that came through the middleware."""
    return cast("Caller", request.caller)  # type: ignore[attr-defined]
