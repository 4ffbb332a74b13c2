"""Order-to-cash on one page: for each event, what the next stage does, in the same transaction.

What may wait is picked up by the jobs of `schedule.py`, which find their work in the tables.
"""

from cashline.platform.events.rules import Handoff

HANDOFFS: dict[str, tuple[Handoff, ...]] = {}
