"""What one entity charges another stands in both books at once, agrees both ways, and is settled or taken back."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import Error, transaction

from cashline.flow.recognise.intercompany.actions import charge_entities, settle_sale
from cashline.flow.recognise.intercompany.queries import movements_of, sale
from cashline.flow.recognise.intercompany.rules import Kind, MoreThanOpen, NewSale
from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.report.closing.queries.checks import findings
from cashline.flow.report.health.queries import verify
from cashline.kernel.fiscal import MONTHS
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue, Refusals
from cashline.platform import sql
from cashline.platform.company.actions import set_exchange_rates
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.recognise import at, balances
from tests.support.world import ACTOR, World, make_world

D = Decimal
SOLD, LAST, PAID = date(2026, 1, 10), date(2026, 1, 31), date(2026, 2, 20)
WHO: dict[str, Any] = {"now": at(SOLD), "actor": ACTOR}


@pytest.fixture
def world(db: Database) -> World:
    """A euro buys 1.10 dollars on the day of the sale, 1.25 at the month's end."""
    found = make_world()
    set_exchange_rates([("USD", LAST, D("1.25")), ("USD", PAID, D("1.20"))])
    return found


def charged(world: World, amount: str = "1000") -> Any:
    new = NewSale(world.berlin, world.boston, "EUR", D(amount), SOLD, "Licence of the brand")
    [key] = charge_entities([new], **WHO)
    return key


def sound() -> None:
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)


def test_both_books_have_it_and_what_paying_leaves_over_is_an_exchange_difference(world: World) -> None:
    key = charged(world)
    assert balances(world.berlin, SOLD) == {"intercompany_receivable": D(1000), "intercompany_income": D(-1000)}
    assert balances(world.boston, SOLD) == {"intercompany_payable": D(-1100), "intercompany_expense": D(1100)}
    settle_sale(sale_id=key, kind=Kind.PAID, amount=D(400), on=PAID, **WHO)
    assert sale(key).open_amount == 600
    sound()
    settle_sale(sale_id=key, kind=Kind.PAID, on=PAID, **WHO)
    assert balances(world.berlin, PAID) == {"bank": D(1000), "intercompany_income": D(-1000)}
    assert balances(world.boston, PAID) == {
        "bank": D(-1200),
        "intercompany_expense": D(1100),
        "fx_gain_loss": D(100),
    }
    sound()


def test_what_is_taken_back_leaves_nothing_in_either_book(world: World) -> None:
    key = charged(world)
    settle_sale(sale_id=key, kind=Kind.REVERSED, on=LAST, reason="It was charged twice", **WHO)
    assert balances(world.berlin, LAST) == balances(world.boston, LAST) == {}
    assert [(one.kind, one.amount, one.reason) for one in movements_of(key)] == [
        ("reversed", 1000, "It was charged twice")
    ]
    sound()


def test_a_soft_closed_month_takes_no_sale(world: World) -> None:
    close_period(entity_id=world.berlin, month=SOLD, soft=True, now=at(LAST), actor=ACTOR)
    charged(world)
    assert balances(world.berlin, LAST) == {}
    assert balances(world.berlin, date(2026, 2, 1)) != {}
    assert balances(world.boston, SOLD) == {"intercompany_payable": D(-1100), "intercompany_expense": D(1100)}


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1e15"), ("EUR", "999999999999999")])
def test_what_the_books_cannot_hold_is_refused(world: World, currency: str, amount: str) -> None:
    set_exchange_rates([("JPY", date(2026, 1, 2), D(160))])
    new = NewSale(world.berlin, world.boston, currency, D(amount), SOLD, "Licence of the brand")
    with pytest.raises(InvalidValue, match="more than the books can hold"):
        charge_entities([new], **WHO)


def test_an_open_balance_in_foreign_currency_is_revalued_at_the_months_end(world: World) -> None:
    charged(world)
    month: dict[str, Any] = {"month": date(2026, 1, 1), "now": at(date(2026, 2, 1)), "actor": ACTOR}
    assert revalue_month(entity_id=world.boston, **month)[1] == D(-150)
    assert revalue_month(entity_id=world.berlin, **month)[1] == 0
    sound()


def test_no_more_is_settled_than_is_open_and_nobody_charges_itself(world: World) -> None:
    key = charged(world)
    for wrong, code in (
        ({"amount": D(1001)}, MoreThanOpen),
        ({"amount": D("0.001")}, InvalidValue),
        ({"on": date(2026, 1, 9)}, InvalidValue),
        ({"kind": Kind.REVERSED}, InvalidValue),
    ):
        with pytest.raises((code, Refusals)):
            settle_sale(**({"sale_id": key, "kind": Kind.PAID, "on": PAID} | wrong | WHO))
    with pytest.raises(Refusals) as refused:
        charge_entities([NewSale(world.berlin, world.berlin, "EUR", D(0), SOLD, " ")], **WHO)
    assert len(refused.value.refusals) == 3
    assert sale(key).settled_amount == 0


REFUSED = (
    "UPDATE intercompany_sales SET amount = amount + 1",
    "UPDATE intercompany_sales SET settled_amount = amount + 1",
    "UPDATE intercompany_sales SET settled_amount = settled_amount - 1",
    "DELETE FROM intercompany_sales",
    "UPDATE intercompany_movements SET amount = 1",
    "DELETE FROM intercompany_movements",
    "INSERT INTO intercompany_movements (id, sale_id, kind, amount, moved_on, created_by, created_at) "
    "SELECT uuidv7(), id, 'reversed', 1, sold_on, 'x', now() FROM intercompany_sales",
)


def test_the_database_refuses_what_the_rules_forbid(world: World) -> None:
    key = charged(world)
    settle_sale(sale_id=key, kind=Kind.PAID, amount=D(1), on=PAID, **WHO)
    for statement in REFUSED:
        with pytest.raises(Error), transaction.atomic():
            sql.execute(statement)


def test_books_that_disagree_are_told_by_the_close(world: World) -> None:
    key = charged(world)
    assert findings(world.berlin, MONTHS.period_of(SOLD))["intercompany"].done
    with transaction.atomic():
        sql.execute("UPDATE intercompany_sales SET settled_amount = 5 WHERE id = %s", (key,))
    found = findings(world.berlin, MONTHS.period_of(SOLD))["intercompany"]
    assert not found.done
    assert sale(key).number in found.found


def test_the_doors_tell_the_same(world: World) -> None:
    api = Api("revenue_accountant")
    body = {
        "seller": "DE01",
        "buyer": "US01",
        "currency": "EUR",
        "amount": "250.00",
        "text": "Rent",
        "day": "2026-01-10",
    }
    made = api.post("/intercompany-sales", body)
    assert made.status == 201, made.body
    assert api.post("/intercompany-sales", body | {"buyer": "DE01"}).codes == ["invalid_value"]
    assert Api("auditor").post("/intercompany-sales", body).status == 403
    key = made.body["id"]
    paid = api.post(f"/intercompany-sales/{key}/pay", {"amount": "100", "day": "2026-02-20"}).body
    assert (paid["open"], len(paid["movements"])) == ("150.00", 1)
    assert api.post(f"/intercompany-sales/{key}/reverse", {}).status == 422
    words = ["intercompany", "reverse", key, "--amount", "50", "--on", "2026-02-21", "--reason", "Too much", "--json"]
    told = json.loads(CliRunner().invoke(cli, words).stdout)
    assert told["open"] == "100.00"
    listed = api.get("/intercompany-sales", only_open="true").body["items"]
    assert [one["id"] for one in listed] == [key]
    console = Console("revenue_accountant")
    assert key in "".join(console.get("/intercompany/").all("//a/@href"))
    page = console.get(f"/intercompany/{key}/")
    assert "Too much" in page.text
    entry = next(
        public("journal_entry", row[0])
        for row in sql.fetch("SELECT id FROM journal_entries WHERE rule = 'intercompany_purchase'")
    )
    assert f"/intercompany/{key}/" in console.get(f"/journal/{entry}/").all("//a/@href")
    sound()
