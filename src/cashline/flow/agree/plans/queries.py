"""Reading rate plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.rules import (
    DEFAULT_PLAN_CONVENTIONS,
    CancelDay,
    ChangeBilled,
    PlanConventions,
    PlanTerms,
    UnusedAdvance,
)
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A version of a plan."""

    id: UUID
    plan_id: UUID
    code: str
    name: str
    version: int
    currency: str
    terms: PlanTerms
    created_at: datetime


_PLAN = "v.id, p.id, p.code, p.name, v.version, v.currency, v.terms, v.created_at"
_SOURCE = "plan_versions v JOIN plans p ON p.id = v.plan_id"
_LATEST = "NOT EXISTS (SELECT FROM plan_versions w WHERE w.plan_id = v.plan_id AND w.version > v.version)"
SORTS = {"code": "p.code", "name": "lower(p.name)", "created_at": "v.id"}


def _row(*row: Any) -> PlanRow:
    version_id, plan_id, code, name, version, currency, terms, created_at = row
    return PlanRow(version_id, plan_id, code, name, version, currency, PlanTerms.from_json(terms), created_at)


def plan_versions_by_id(ids: Iterable[UUID]) -> dict[UUID, PlanRow]:
    """The versions with those ids; an unknown id is left out."""
    rows = sql.fetch(f"SELECT {_PLAN} FROM {_SOURCE} WHERE v.id = ANY(%s)", (list(set(ids)),))
    return {row[0]: _row(*row) for row in rows}


def plan_version(version_id: UUID) -> PlanRow:
    """One version; raises NotFound."""
    found = plan_versions_by_id([version_id]).get(version_id)
    if found is None:
        raise NotFound(f"There is no version {version_id} of a plan.", field="plan_id")
    return found


def versions_of(plan_id: UUID) -> list[PlanRow]:
    """All versions of a plan, the latest first."""
    rows = sql.fetch(f"SELECT {_PLAN} FROM {_SOURCE} WHERE p.id = %s ORDER BY v.version DESC", (plan_id,))
    return [_row(*row) for row in rows]


def latest_plans(codes: Iterable[str]) -> dict[str, PlanRow]:
    """The latest version of each plan, by code; an unknown code is left out."""
    rows = sql.fetch(f"SELECT {_PLAN} FROM {_SOURCE} WHERE p.code = ANY(%s) AND {_LATEST}", (list(set(codes)),))
    return {row[2]: _row(*row) for row in rows}


def plan_of(code: str) -> PlanRow:
    """The latest version of a plan; raises NotFound."""
    found = latest_plans([code]).get(code)
    if found is None:
        raise NotFound(f"There is no plan {code[:64]!r}.", field="plan")
    return found


def plan_ids_for_update(codes: Iterable[str]) -> dict[str, tuple[UUID, int]]:
    """The id and the latest version number of plans that exist, locked in the order of their codes."""
    rows = sql.fetch(
        "SELECT p.code, p.id, (SELECT max(v.version) FROM plan_versions v WHERE v.plan_id = p.id) FROM plans p "
        "WHERE p.code = ANY(%s) ORDER BY p.code FOR NO KEY UPDATE",
        (list(set(codes)),),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def list_plans(ask: lists.Ask, *, words: str = "") -> Page[PlanRow]:
    """One page of plans in their latest version; words are looked for in code and name."""
    conditions = lists.Conditions()
    conditions.add(_LATEST)
    conditions.contains(("p.code", "p.name"), words)
    return lists.page(
        _row,
        columns=_PLAN,
        source=_SOURCE,
        key="v.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def conventions_of(entity_ids: Iterable[UUID]) -> dict[UUID, PlanConventions]:
    """The conventions of legal entities; the default where one has declared none."""
    wanted = set(entity_ids)
    found = dict.fromkeys(wanted, DEFAULT_PLAN_CONVENTIONS)
    for key, cancel_day, unused, change in sql.fetch(
        "SELECT entity_id, cancel_day, unused_advance, change_billed FROM plan_conventions WHERE entity_id = ANY(%s)",
        (list(wanted),),
    ):
        found[key] = PlanConventions(CancelDay(cancel_day), UnusedAdvance(unused), ChangeBilled(change))
    return found


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A price index with its newest value."""

    id: UUID
    code: str
    name: str
    month: date
    value: Decimal
    values: int


def price_indices() -> list[IndexRow]:
    """All price indices by code."""
    return sql.fetch_as(
        IndexRow,
        "SELECT DISTINCT ON (i.code) i.id, i.code, i.name, v.month, v.value, count(*) OVER (PARTITION BY i.id) "
        "FROM price_indices i JOIN price_index_values v ON v.index_id = i.id ORDER BY i.code, v.month DESC",
    )


def index_values(codes: Iterable[str]) -> dict[str, dict[date, Decimal]]:
    """The values of indices by month; an unknown code is left out."""
    found: dict[str, dict[date, Decimal]] = {}
    for code, month, value in sql.fetch(
        "SELECT i.code, v.month, v.value FROM price_index_values v JOIN price_indices i ON i.id = v.index_id "
        "WHERE i.code = ANY(%s) ORDER BY v.month",
        (list(set(codes)),),
    ):
        found.setdefault(code, {})[month] = value.normalize()
    return found
