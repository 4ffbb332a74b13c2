"""What posting needs to know of the books: accounts by role, closed months, and balances held in foreign currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import Balance
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus, Shut
from cashline.flow.recognise.ledger.rules.posting import Held, HeldKey
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class Books:
    """The books of an entity: its currency with its decimals, its accounts by role, and its closed months."""

    entity_id: UUID
    currency: str
    digits: int
    accounts: dict[AccountRole, UUID]
    shut: tuple[Shut, ...] = ()

    def closed_for(self, rule: str) -> frozenset[date]:
        """The first days of the months that take no entry of that rule."""
        return frozenset(one.month for one in self.shut if one.refuses(rule)) if self.shut else _NONE


_NONE: frozenset[date] = frozenset()


def books(entity_ids: Iterable[UUID]) -> dict[UUID, Books]:
    """The books of the entities; months stay open or closed as they are until the commit. Raises NotFound."""
    wanted = set(entity_ids)
    rows = sql.fetch("SELECT * FROM lock_books(%s)", (list(wanted),))
    found = {
        entity_id: Books(
            entity_id,
            currency,
            minor_units(currency),
            {AccountRole(role): account for role, account in zip(roles, accounts, strict=True)},
            tuple(Shut(*one) for one in zip(months, areas, statuses, strict=True)),
        )
        for entity_id, currency, roles, accounts, months, areas, statuses in rows
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
    """A month of an entity, whole or of an area, that was closed at least once; one without a row is open."""

    id: UUID
    entity_id: UUID
    month: date
    area: str
    status: str
    closed_at: datetime | None
    closed_by: str


def periods(entity_id: UUID) -> list[PeriodRow]:
    """The months of an entity that were ever closed, whole or by area, newest first."""
    return sql.fetch_as(
        PeriodRow,
        "SELECT id, entity_id, month, area, status, closed_at, closed_by FROM accounting_periods WHERE entity_id = %s "
        "ORDER BY month DESC, area",
        (entity_id,),
    )


def period_for_update(entity_id: UUID, month: date, area: Area = Area.ALL) -> PeriodRow | None:
    """The month's row, locked, once nobody posts into the entity's books any more; None where it was never closed."""
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('cashline.books ' || %s::text, 0))", (entity_id,))
    rows = sql.fetch_as(
        PeriodRow,
        "SELECT id, entity_id, month, area, status, closed_at, closed_by FROM accounting_periods "
        "WHERE entity_id = %s AND month = %s AND area = %s FOR UPDATE",
        (entity_id, month, area.value),
    )
    return rows[0] if rows else None


def first_open_month(entity_id: UUID) -> date | None:
    """The earliest month with entries that is still open; None where there is none."""
    row = sql.fetch_one(
        "SELECT date_trunc('month', e.day)::date FROM journal_entries e WHERE e.entity_id = %s AND NOT EXISTS "
        "(SELECT FROM accounting_periods p WHERE p.entity_id = e.entity_id AND p.month = date_trunc('month', e.day) "
        "AND p.area = 'all' AND p.status = %s) ORDER BY e.day LIMIT 1",
        (entity_id, PeriodStatus.CLOSED.value),
    )
    return row[0] if row else None
