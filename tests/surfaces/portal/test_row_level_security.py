"""Row-level security over real documents: a query that forgets its WHERE still sees the rows of one customer."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from cashline.flow.agree.quotes.actions import create_quote, revise_quote
from cashline.flow.agree.quotes.rules import NewQuote, NewQuoteLine, QuoteContent
from cashline.platform import sql
from cashline.platform.permissions.portal import as_portal
from tests.support.cluster import Database
from tests.support.portal import CHILDREN, OWNED, SELLER, Dealings, deal, make_two_customers, offer
from tests.support.world import NOW, TODAY

RLS = import_module("cashline.flow.migrations.0001_portal_row_level_security")
TABLES = [*OWNED, *CHILDREN]


@pytest.fixture
def both(db: Database) -> tuple[Dealings, Dealings]:
    shop, nordlicht, suedwind = make_two_customers()
    return deal(shop, nordlicht, "bea@nordlicht.example"), deal(shop, suedwind, "sue@suedwind.example")


def seen(customer: UUID, table: str) -> set[UUID]:
    """What a query without any condition sees of a table as the portal."""
    with as_portal(customer):
        return {row[0] for row in sql.fetch(f"SELECT id FROM {table}")}


def owned(customer: UUID, table: str) -> set[UUID]:
    """The rows of a customer that were sent out, found by their keys as the program itself."""
    params: list[Any]
    if table in OWNED:
        condition, params = f"t.{OWNED[table]} = %s", [customer]
    else:
        parent, column = CHILDREN[table]
        condition, params = f"t.{column} = ANY(%s)", [list(owned(customer, parent))]
    more = f" AND {RLS.SENT_OUT[table]}" if table in RLS.SENT_OUT else ""
    return {row[0] for row in sql.fetch(f"SELECT t.id FROM {table} t WHERE {condition}{more}", params)}


def test_every_table_shows_the_customers_own_rows_and_no_others(both: tuple[Dealings, Dealings]) -> None:
    here, there = both
    for table in TABLES:
        mine, theirs = seen(here.customer, table), seen(there.customer, table)
        assert mine, f"{table} has no row to prove anything by"
        assert mine.isdisjoint(theirs), table
        assert mine == owned(here.customer, table), table
        assert theirs == owned(there.customer, table), table


def test_without_a_customer_nothing_is_seen(both: tuple[Dealings, Dealings]) -> None:
    with transaction.atomic():
        sql.execute("SELECT set_config('cashline.customer_id', '', true), set_config('role', 'cashline_portal', true)")
        found = {table: sql.fetch(f"SELECT 1 FROM {table}") for table in TABLES}
        sql.execute("RESET ROLE")
    assert {table: rows for table, rows in found.items() if rows} == {}


def test_the_id_of_another_customers_row_finds_nothing(both: tuple[Dealings, Dealings]) -> None:
    here, there = both
    for table in TABLES:
        for key in list(owned(there.customer, table))[:3]:
            with as_portal(here.customer):
                assert sql.fetch(f"SELECT 1 FROM {table} WHERE id = %s", (key,)) == [], table


def test_what_was_never_sent_out_is_not_seen(db: Database) -> None:
    shop, customer, _ = make_two_customers()
    content = QuoteContent("A draft", TODAY + timedelta(days=9), TODAY, (NewQuoteLine("SENSOR-1", Decimal(1)),))
    draft = create_quote(NewQuote(customer, shop.world.berlin, content), today=TODAY, now=NOW, actor=SELLER.actor)
    assert draft not in seen(customer, "quotes")
    assert seen(customer, "quote_versions") == set()
    sent = offer(shop, customer)
    assert seen(customer, "quotes") == {sent}
    lines = seen(customer, "quote_lines")
    revise_quote(sent, now=NOW, actor=SELLER.actor)
    assert len(seen(customer, "quote_versions")) == 1
    assert seen(customer, "quote_lines") == lines
