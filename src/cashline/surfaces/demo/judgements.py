"""What the demo company decided and agreed beside its trade: commitments, alerts, charges between its entities, a book
by local law, and a study of stand-alone prices."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.invoice.commitments.actions import make_commitments
from cashline.flow.invoice.commitments.rules import NewCommitment
from cashline.flow.invoice.notices.actions import set_money_alert, set_renewal_notices
from cashline.flow.invoice.notices.rules import AlertKind, NewMoneyAlert
from cashline.flow.recognise.books.actions import NewBook, open_book, run_books
from cashline.flow.recognise.books.rules.policies import Policies, Standard
from cashline.flow.recognise.intercompany.actions import charge_entities, settle_sale
from cashline.flow.recognise.intercompany.rules import Kind, NewSale
from cashline.flow.recognise.revenue.actions.pricing import study_prices
from cashline.flow.recognise.revenue.rules.price_study import Terms
from cashline.kernel.periods import add_months
from cashline.surfaces.demo import cast
from cashline.surfaces.demo.company import DemoCompany

ENGINEERING = Decimal(18_500)
"""What the German entity charges the American one a month, in euro."""


def decide(company: DemoCompany, subscribed: Sequence[UUID], start: date, today: date, who: dict[str, Any]) -> None:
    """On the last day: what was agreed with customers, then what the accountants decided."""
    german, american = (company.entities[one.code] for one in cast.ENTITIES)
    month = today.replace(day=1)
    buyers = [one for one in company.buyers if one.entity_id == german and one.given.currency == "EUR"]
    amounts = (Decimal(90_000), Decimal(48_000), Decimal(150_000), Decimal(120_000))
    make_commitments(
        [
            NewCommitment(german, buyer.id, "EUR", "Frame agreement of the year", amount, start, add_months(start, 13))
            for buyer, amount in zip(buyers[2:6], amounts, strict=False)
        ],
        **who,
    )
    for key, threshold in zip(subscribed, (Decimal(400), Decimal(2_500)), strict=False):
        set_money_alert(NewMoneyAlert(AlertKind.CHARGES, key, threshold, "bea@nordlicht.example"), **who)
    set_renewal_notices(entity_id=german, days=45, **who)
    sales = charge_entities(
        [
            NewSale(german, american, "EUR", ENGINEERING, month - timedelta(days=back), "Engineering of the month")
            for back in (32, 1)
        ],
        **who,
    )
    settle_sale(sale_id=sales[0], kind=Kind.PAID, on=today, **who)
    study_prices(entity_id=german, start=start, end=month, terms=Terms(), **who)
    policies = Policies(allocation="stated")
    book = NewBook(german, "hgb", "Commercial code (HGB)", Standard.STATUTORY, policies)
    open_book(book, reason="German law has no allocation over stand-alone prices.", **who)
    run_books(through=month - timedelta(days=1), **who)
