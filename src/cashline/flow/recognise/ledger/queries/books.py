"""What posting needs to know of the books: accounts by role, closed periods, balances held in foreign currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import Balance
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus, Shut
from cashline.flow.recognise.ledger.rules.posting import Held, HeldKey
from cashline.kernel.fiscal import FiscalPeriod, calendar_of
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.company.queries import fiscal_calendar


@dataclass(frozen=True, slots=True)
class Books:
    """The books of an entity: its currency with its decimals, its accounts by role, and its closed periods."""

    entity_id: UUID
    currency: str
    digits: int
    accounts: dict[AccountRole, UUID]
    shut: tuple[Shut, ...] = ()

    def closed_for(self, rule: str) -> tuple[Period, ...]:
        """The periods that take no entry of that rule, in the order of their days."""
        return tuple(Period(one.start, one.end) for one in self.shut if one.refuses(rule))


def books(entity_ids: Iterable[UUID]) -> dict[UUID, Books]:
    """The books of the entities; periods stay open or closed as they are until the commit. Raises NotFound."""
    wanted = set(entity_ids)
    rows = sql.fetch("SELECT * FROM lock_books(%s)", (list(wanted),))
    found = {
        entity_id: Books(
            entity_id,
            currency,
            minor_units(currency),
            {AccountRole(role): account for role, account in zip(roles, accounts, strict=True)},
            tuple(Shut(*one) for one in zip(starts, ends, areas, statuses, strict=True)),
        )
        for entity_id, currency, roles, accounts, starts, ends, areas, statuses in rows
    }
    if missing := wanted - found.keys():
        raise NotFound(f"There is no legal entity {missing.pop()}.", field="entity")
    return found


def held_balances(keys: Iterable[HeldKey]) -> Held:
    """What the books hold for those documents and agreements; a key without lines is left out."""
    wanted = set(keys)
    documents = [key for role, key in wanted if role is not AccountRole.CONTRACT_POSITION]
    agreements = [key for role, key in wanted if role is AccountRole.CONTRACT_POSITION]
    rows = sql.fetch(
        "SELECT a.role, l.document_id, sum(l.amount), sum(l.functional_amount) FROM journal_lines l "
        "JOIN accounts a ON a.id = l.account_id WHERE l.document_id = ANY(%s) GROUP BY 1, 2 "
        "UNION ALL SELECT a.role, l.agreement_id, sum(l.amount), sum(l.functional_amount) FROM journal_lines l "
        "JOIN accounts a ON a.id = l.account_id AND a.role = %s WHERE l.agreement_id = ANY(%s) GROUP BY 1, 2",
        (documents, AccountRole.CONTRACT_POSITION.value, agreements),
    )
    found = {(AccountRole(role), key): Balance(amount, functional) for role, key, amount, functional in rows}
    return {key: balance for key, balance in found.items() if key in wanted}


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period `[starts_on, ends_on)` of an entity, whole or of an area, that was closed; one without a row is open."""

    id: UUID
    entity_id: UUID
    starts_on: date
    ends_on: date
    area: str
    status: str
    closed_at: datetime | None
    closed_by: str


_ROW = "id, entity_id, starts_on, ends_on, area, status, closed_at, closed_by"


def periods(entity_id: UUID) -> list[PeriodRow]:
    """The periods of an entity that were ever closed, whole or by area, newest first."""
    return sql.fetch_as(
        PeriodRow,
        f"SELECT {_ROW} FROM accounting_periods WHERE entity_id = %s ORDER BY starts_on DESC, ends_on DESC, area",
        (entity_id,),
    )


def period_of(entity_id: UUID, day: date) -> FiscalPeriod:
    """The accounting period of an entity that holds a day; raises NotFound."""
    return fiscal_calendar(entity_id).period_of(day)


def period_named(entity_id: UUID, text: str) -> FiscalPeriod:
    """The accounting period of an entity by its name: 2026-03, or FY2026-P03; raises NotFound."""
    return fiscal_calendar(entity_id).period_named(text)


def shut_periods(entity_ids: Iterable[UUID]) -> dict[UUID, list[Shut]]:
    """The periods of entities that are closed or soft-closed; who closes one holds their calendar until the commit."""
    found: dict[UUID, list[Shut]] = {}
    for key, *one in sql.fetch(
        "SELECT entity_id, starts_on, ends_on, area, status FROM accounting_periods "
        "WHERE entity_id = ANY(%s) AND status <> %s",
        (list(entity_ids), PeriodStatus.OPEN.value),
    ):
        found.setdefault(key, []).append(Shut(*one))
    return found


def period_for_update(entity_id: UUID, day: date, area: Area = Area.ALL) -> tuple[FiscalPeriod, PeriodRow | None]:
    """The period that holds the day, and its row, locked; None where it was never closed. Raises NotFound.

    Nobody posts into the entity's books any more, and its fiscal calendar stays as it is, until the commit.
    """
    held = sql.fetch_one(
        "SELECT fiscal_calendar, pg_advisory_xact_lock(hashtextextended('cashline.books ' || id::text, 0)) "
        "FROM legal_entities WHERE id = %s FOR SHARE",
        (entity_id,),
    )
    if held is None:
        raise NotFound(f"There is no legal entity {entity_id}.", field="entity")
    period = calendar_of(held[0]).period_of(day)
    rows = sql.fetch_as(
        PeriodRow,
        f"SELECT {_ROW} FROM accounting_periods "
        "WHERE entity_id = %s AND starts_on = %s AND ends_on = %s AND area = %s FOR UPDATE",
        (entity_id, period.start, period.end, area.value),
    )
    return period, rows[0] if rows else None
