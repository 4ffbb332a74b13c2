"""Another fiscal calendar of an entity: what was posted by months is to be parted by its periods, and the other way."""

from collections.abc import Sequence
from datetime import datetime

from cashline.platform import sql
from cashline.platform.events.rules import Event


def plan_again(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Have the next run look at every contract of the entities, also at those that are complete."""
    keys = [event.subject_id for event in events]
    sql.execute("UPDATE revenue_states SET facts = -1 WHERE entity_id = ANY(%s)", (keys,))
    sql.execute(
        "UPDATE revenue_arrangements SET facts_run = -1 WHERE entity_id = ANY(%s) AND through IS NOT NULL", (keys,)
    )
