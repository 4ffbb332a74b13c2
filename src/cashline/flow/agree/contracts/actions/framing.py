"""Framework agreements: one for a customer, a legal entity and a currency, under which plans are subscribed to."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts.queries import framework_ids
from cashline.flow.agree.contracts.rules import AGREEMENT, AgreementOrigin
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.numbering.actions import Series, take_numbers


class FrameworkParties(NamedTuple):
    """Whose agreement it is."""

    customer_id: UUID
    entity_id: UUID
    currency: str


@transaction.atomic
def framework_agreements(parties: Iterable[FrameworkParties], *, now: datetime) -> dict[FrameworkParties, UUID]:
    """The framework agreement of each, made where there is none yet; it is active at once and ends with none.

    The event of the subscription that it is made for tells of it, as that of an order does of its agreement.
    """
    wanted = sorted(set(parties))
    known = {FrameworkParties(*row[:3]): row[3] for row in framework_ids(wanted)}
    missing = [one for one in wanted if one not in known]
    if not missing:
        return known
    customers = customers_by_id(one.customer_id for one in missing)
    entities = entities_by_id({one.entity_id for one in missing})
    status = AGREEMENT.transitions["sign"].target.value
    days_now = {key: local_day(now, entity.timezone) for key, entity in entities.items()}
    series = {key: Series("agreement", one.code, days_now[key].year, key) for key, one in entities.items()}
    wanted_of: dict[Series, int] = {}
    for one in missing:
        wanted_of[series[one.entity_id]] = wanted_of.get(series[one.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted_of).items()}
    rows = []
    for one in missing:
        number, today = next(taken[series[one.entity_id]]), days_now[one.entity_id]
        key = known[one] = new_id()
        days = customers[one.customer_id].payment_terms_days
        rows.append(
            (key, number, AgreementOrigin.FRAMEWORK.value, one.customer_id, one.entity_id, one.currency, status,
             days, today, Decimal(0), now)
        )  # fmt: skip
    sql.insert(
        "agreements",
        ("id", "number", "origin", "customer_id", "entity_id", "currency", "status", "payment_terms_days",
         "starts_on", "net_total", "created_at"),
        rows,
    )  # fmt: skip
    return known
