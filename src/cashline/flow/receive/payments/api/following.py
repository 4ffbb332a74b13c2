"""What the doors share: who may record what, calling a gateway after the commit, the business day of an entity."""

import logging
from collections.abc import Callable
from datetime import date
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.payments.rules import TAX_WITHHELD
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


def require_to_record(caller: Caller, method: str, entity_id: UUID) -> None:
    """Raise Forbidden where the caller may not record payments; tax withheld settles without money, as a write-off."""
    caller.require("payments.write", entity_id)
    if method == TAX_WITHHELD:
        caller.require("payments.write_off", entity_id)


def business_day(caller: Caller, entity_id: UUID) -> date:
    """The day of the request where the legal entity is."""
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)
