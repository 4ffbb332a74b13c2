"""The agreed terms: made by the batch in a fixed number of statements, and read back as the planners need them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cashline.flow.agree.contracts import actions, queries
from cashline.flow.agree.contracts.actions.agreeing import _LINE_COLUMNS
from cashline.flow.agree.contracts.rules import NewAgreement, NewTermLine
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from tests.support.agree import Catalog, make_catalog, make_customer
from tests.support.world import ACTOR, NOW, TODAY, World, make_world

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def world(db: object) -> World:
    return make_world()


@pytest.fixture
def catalog(db: object) -> Catalog:
    return make_catalog()


@pytest.fixture
def customer(db: object) -> UUID:
    return make_customer()


def goods(catalog: Catalog, line_no: int, **changes: Any) -> NewTermLine:
    given: dict[str, Any] = {
        "line_no": line_no,
        "product_id": catalog.sensor,
        "kind": "goods",
        "description": "Vibration sensor",
        "quantity": Decimal(3),
        "unit_price": Decimal("80.105"),
        "stand_alone_price": Decimal(89),
        "billing_trigger": "on_shipment",
        "revenue_pattern": "point",
        "tax_category": "standard",
        "net_total": Decimal("240.32"),
    }
    return NewTermLine(**(given | changes))


def platform(catalog: Catalog, line_no: int) -> NewTermLine:
    return goods(
        catalog,
        line_no,
        product_id=catalog.platform,
        kind="subscription",
        unit_price=Decimal("41.65"),
        net_total=Decimal("1499.40"),
        interval_months=1,
        term_months=12,
        billing_trigger="in_advance",
        revenue_pattern="ratable_daily",
        charge={"model": "unit", "price": "49"},
    )


def agreement(world: World, customer: UUID, *lines: NewTermLine, **changes: Any) -> NewAgreement:
    given: dict[str, Any] = {
        "customer_id": customer,
        "entity_id": world.berlin,
        "currency": "EUR",
        "starts_on": TODAY,
        "payment_terms_days": 30,
        "lines": lines,
    }
    return NewAgreement(**(given | changes))


def test_terms_are_read_back_as_agreed(world: World, catalog: Catalog, customer: UUID) -> None:
    new = agreement(world, customer, goods(catalog, 1), platform(catalog, 2))
    (key,) = actions.create_agreements([new], now=NOW, actor=ACTOR)
    row = queries.agreement(key)
    assert (row.status, row.number, row.net_total) == ("active", "AGR-DE01-2026-000001", Decimal("1739.72"))
    first, second = queries.term_lines(agreement_ids=[key])
    assert (first.id, first.line_id, first.net_total) == (new.lines[0].id, new.lines[0].id, Decimal("240.32"))
    assert (second.kind, second.interval_months, second.term_months) == ("subscription", 1, 12)
    assert second.charge == {"model": "unit", "price": "49"}
    assert (second.starts_on, second.ends_on, second.customer_id) == (TODAY, None, customer)
    assert queries.term_lines(line_ids=[second.line_id], as_of=TODAY) == [second]
    assert queries.term_lines(line_ids=[second.line_id], as_of=date(2026, 1, 14)) == []
    assert row.net_total == sum(line.net_total for line in (first, second))


def test_a_batch_takes_four_statements_and_numbers_without_gap(world: World, catalog: Catalog, customer: UUID) -> None:
    news = [agreement(world, customer, goods(catalog, 1), goods(catalog, 2)) for _ in range(200)]
    with CaptureQueriesContext(connection) as captured:
        keys = actions.create_agreements(news, now=NOW, actor=ACTOR)
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 4
    numbers = [row.number for row in queries.agreements_by_id(keys).values()]
    assert sorted(numbers) == [f"AGR-DE01-2026-{number:06d}" for number in range(1, 201)]
    assert len(queries.term_lines(agreement_ids=keys)) == 400


def test_a_contract_begins_as_a_draft_with_its_own_event(world: World, catalog: Catalog, customer: UUID) -> None:
    new = agreement(world, customer, goods(catalog, 1), origin="contract")
    (key,) = actions.create_agreements([new], now=NOW, actor=ACTOR)
    assert queries.agreement(key).status == "draft"
    assert [event.type for event in timeline([key])] == ["AgreementCreated"]


def test_an_agreement_that_contradicts_itself_is_refused_whole(world: World, catalog: Catalog, customer: UUID) -> None:
    wrong = agreement(
        world,
        customer,
        goods(catalog, 1, net_total=Decimal("240.31")),
        goods(catalog, 1, interval_months=1, term_months=1),
        goods(catalog, 2, quantity=Decimal(-1), net_total=Decimal("-80.11")),
    )
    with pytest.raises(Refusals) as refused:
        actions.create_agreements([agreement(world, customer, goods(catalog, 1)), wrong], now=NOW, actor=ACTOR)
    assert [refusal.field for refusal in refused.value] == [
        "agreements.1.lines.0.net_total",
        "agreements.1.lines.1.line_no",
        "agreements.1.lines.1.interval_months",
        "agreements.1.lines.2.quantity",
    ]
    assert sql.fetch("SELECT count(*) FROM agreements") == [(0,)]


def test_the_database_refuses_two_versions_of_a_line_on_one_day(world: World, catalog: Catalog, customer: UUID) -> None:
    (key,) = actions.create_agreements([agreement(world, customer, goods(catalog, 1))], now=NOW, actor=ACTOR)
    columns = ", ".join(name for name in _LINE_COLUMNS if name != "id")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        sql.execute(
            f"INSERT INTO agreement_lines (id, {columns}) SELECT gen_random_uuid(), {columns} FROM agreement_lines "
            "WHERE agreement_id = %s",
            (key,),
        )
    assert isinstance(refused.value.__cause__, psycopg.errors.ExclusionViolation)
