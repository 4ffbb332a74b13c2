"""Another fiscal calendar of an entity: its books follow the journal between the periods."""

from collections.abc import Sequence
from datetime import datetime

from cashline.platform import sql
from cashline.platform.events.rules import Event


def compare_again(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Have the next run of the entities' books look at every contract."""
    sql.execute(
        "DELETE FROM book_states s USING accounting_books b WHERE b.id = s.book_id AND b.entity_id = ANY(%s)",
        ([event.subject_id for event in events],),
    )
