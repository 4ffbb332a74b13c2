"""Acting as the portal: a transaction in which row-level security shows one customer's rows and no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from cashline.platform import sql


@contextmanager
def as_portal(customer_id: UUID) -> Iterator[None]:
    """Read as `cashline_portal` for the customer; the program's own role is back when the block ends.

    The portal role may read only; what a portal user does is done by an action after the block has shown its document.
    """
    with transaction.atomic():
        sql.execute(
            "SELECT set_config('cashline.customer_id', %s, true), set_config('role', 'cashline_portal', true)",
            (str(customer_id),),
        )
        yield
        sql.execute("RESET ROLE")
