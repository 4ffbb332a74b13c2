"""What the endpoints share: calling a gateway once the request has committed, and the business day of an entity."""

import logging
from collections.abc import Callable
from datetime import date
from uuid import UUID

from django.db import transaction

from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller

log = logging.getLogger(__name__)


def after_commit(step: Callable[[], object]) -> None:
    """Call a gateway once this request has committed; what fails is taken up again by the jobs."""

    def quietly() -> None:
        try:
            step()
        except Refusal as refusal:
            log.warning("after the commit: %s", refusal.message)

    transaction.on_commit(quietly, robust=True)


def business_day(caller: Caller, entity_id: UUID) -> date:
    """The day of the request where the legal entity is."""
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)
