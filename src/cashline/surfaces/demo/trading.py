"""The year of the demo company, day by day: quotes, orders, deliveries, bills, money, reminders, closes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.contracts.actions import send_for_signature, sign_agreement
from cashline.flow.agree.contracts.queries import agreements_of_quotes
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.quotes.actions import (
    accept_quotes,
    approve_quotes,
    create_quotes,
    decline_quotes,
    expire_due,
    request_approval,
    send_quotes,
)
from cashline.flow.agree.quotes.queries import quotes_by_id
from cashline.flow.agree.quotes.rules import Acceptance, NewQuote, NewQuoteLine, QuoteContent, QuoteStatus
from cashline.flow.book.orders.actions import cancel_orders, place_orders
from cashline.flow.book.orders.queries import orders_by_id
from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine
from cashline.flow.deliver.fulfilment.actions import advance_steps, create_shipments, deliver_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.queries import orders_to_ship
from cashline.flow.deliver.fulfilment.rules import DeliveryConfirmation, ShipConfirmation
from cashline.flow.deliver.projects.actions import accept_installation, finish_installation, schedule_installation
from cashline.flow.deliver.projects.queries import list_installations
from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions
from cashline.flow.deliver.subscriptions.queries import list_subscriptions
from cashline.platform.lists import Ask
from cashline.platform.people.queries import user_authority
from cashline.surfaces.demo import cast
from cashline.surfaces.demo.behaviour import chance_for
from cashline.surfaces.demo.company import Buyer, DemoCompany, stock_up

ACTOR = "system:demo"


@dataclass(slots=True)
class Trade:
    """What is going on: the company, its chance, and what falls due on which day."""

    company: DemoCompany
    start: date
    end: date
    chance: Any = field(default_factory=lambda: chance_for("trade"))
    cancel_on: dict[date, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    decide_on: dict[date, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    quoted: int = 0

    def day(self, today: date, now: datetime) -> None:
        """One business day of selling and delivering."""
        who: dict[str, Any] = {"now": now, "actor": ACTOR}
        if today.day == 1 or (today.day < 4 and today.weekday() == 0):
            stock_up(self.company, today, Decimal(520), who)
        self.quote(today, now)
        self.decide(today, now)
        self.order(today, now)
        self.deliver(today, now)
        due = orders_by_id(self.cancel_on.pop(today, []))
        open_orders = [key for key, row in due.items() if row.status in ("held", "booked")]
        if open_orders:
            cancel_orders(open_orders, reason="The customer changed their mind.", **who)
        advance_steps(**who)

    def order(self, today: date, now: datetime) -> None:
        """The orders of the day, most of them from the web shop and by file."""
        who: dict[str, Any] = {"now": now, "actor": ACTOR}
        share = (today - self.start).days * 2 // max((self.end - self.start).days, 1)
        count = self.chance.choice((3, 4, 5, 6)) + share
        buyers = self.chance.sample(self.company.buyers, count)
        placed = place_orders([self._order(buyer, today) for buyer in buyers], today=today, **who)
        for one in placed:
            if one.order_id and self.chance.randint(1, 60) == 1:
                self.cancel_on[today + timedelta(days=1)].append(one.order_id)

    def _order(self, buyer: Buyer, today: date) -> NewOrder:
        lines = [
            NewOrderLine(sku, Decimal(self.chance.choice((1, 2, 4, 10, 25))))
            for sku in self.chance.sample(cast.GOODS, self.chance.randint(1, 4))
        ]
        if self.chance.randint(1, 5) <= 3:
            interval = self.chance.choice((1, 1, 1, 1, 12))
            quantity = Decimal(self.chance.choice((1, 5, 20)))
            sku = self.chance.choice(cast.RUNNING)
            lines.append(
                NewOrderLine(sku, quantity, interval_months=interval, term_months=self.chance.choice((12, 24)))
            )
        if self.chance.randint(1, 6) == 1:
            lines.append(NewOrderLine(self.chance.choice(cast.SERVICES), Decimal(self.chance.randint(1, 3))))
        return NewOrder(
            buyer.id,
            buyer.entity_id,
            buyer.given.currency,
            self.chance.choice(("api", "csv", "ubl", "console")),
            external_reference=f"PO-{today:%y%m%d}-{buyer.given.external_reference}",
            ordered_on=today,
            lines=tuple(lines),
        )

    def quote(self, today: date, now: datetime) -> None:
        """A quote every other day; the larger discounts ask the deal desk."""
        if today.toordinal() % 2:
            return
        buyer = self._quoted_buyer(today)
        discount = Decimal(self.chance.choice((0, 0, 5, 8, 12, 18)))
        content = QuoteContent(
            title=self.chance.choice(("Plant monitoring", "Line 3 retrofit", "Sensor roll-out", "Renewal and growth")),
            valid_until=today + timedelta(days=30),
            starts_on=today + timedelta(days=14),
            lines=self._quote_lines(),
            discount_percent=discount,
            discount_reason="Volume over three years" if discount > 10 else "",
            contact_name="Erika Einkauf",
            contact_email="einkauf@nordwind.example",
        )
        seller = user_authority(self.company.users["sam"])
        new = NewQuote(buyer.id, buyer.entity_id, content, owner_id=self.company.users["sam"])
        keys = create_quotes([new], today=today, now=now, actor=seller.actor)
        if self.end - today < timedelta(days=2):
            return
        request_approval(keys, authority=seller, now=now)
        self._approve(keys, today, now)

    def _quoted_buyer(self, today: date) -> Buyer:
        self.quoted += 1
        return self.company.buyers[0] if self.quoted % 12 == 1 else self.chance.choice(self.company.buyers)

    def _quote_lines(self) -> tuple[NewQuoteLine, ...]:
        goods = NewQuoteLine(self.chance.choice(("FG-200", "FG-50")), Decimal(self.chance.choice((2, 5, 10))))
        sensors = NewQuoteLine(self.chance.choice(("SN-T", "SN-V", "SN-P")), Decimal(self.chance.choice((10, 40))))
        monthly = self.chance.choice((1, 12))
        running = NewQuoteLine("MON-P", Decimal(self.chance.randint(1, 4)), interval_months=monthly, term_months=24)
        return goods, sensors, running, NewQuoteLine("INST-D", Decimal(self.chance.randint(1, 2)))

    def _approve(self, keys: Sequence[UUID], today: date, now: datetime) -> None:
        waiting = [key for key, row in quotes_by_id(keys).items() if row.status == QuoteStatus.IN_APPROVAL]
        if waiting and self.end - today < timedelta(days=6):
            return
        if waiting:
            approve_quotes(waiting, authority=user_authority(self.company.users["dana"]), comment="Fine.", now=now)
        send_quotes(keys, authority=user_authority(self.company.users["sam"]), today=today, now=now)
        self.decide_on[today + timedelta(days=self.chance.choice((1, 3, 7, 12, 40)))] += keys

    def decide(self, today: date, now: datetime) -> None:
        """What buyers decide of the quotes they have: most accept and sign, some decline, some let them lapse."""
        expire_due(today=today, now=now, actor=ACTOR)
        for key in self.decide_on.pop(today, []):
            row = quotes_by_id([key])[key]
            if row.status != QuoteStatus.SENT:
                continue
            if self.chance.randint(1, 5) == 1:
                decline_quotes([key], reason="The budget was cut.", now=now, actor=ACTOR)
                continue
            accepted_by = Acceptance("Erika Einkauf", "einkauf@nordwind.example")
            accept_quotes([key], accepted_by=accepted_by, today=today, now=now, actor="portal:einkauf@nordwind.example")
            agreement = agreements_of_quotes([key])[key]
            signer = Signer("Erika Einkauf", "einkauf@nordwind.example", "Head of purchasing")
            tokens = send_for_signature(agreement.id, signers=[signer], now=now, actor=ACTOR)
            if self.end - today > timedelta(days=10):
                visit = Visit("203.0.113.7", "Mozilla/5.0")
                sign_agreement(tokens[0], given=SignatureGiven("Erika Einkauf", "I agree and sign.", visit), now=now)

    def deliver(self, today: date, now: datetime) -> None:
        """Ship what is ready, schedule and finish installations, end a subscription now and then."""
        who: dict[str, Any] = {"now": now, "actor": ACTOR}
        ready = [row.order_id for row in orders_to_ship(limit=60) if (today - row.ordered_on).days >= 1]
        if ready:
            carrier = self.chance.choice(("DHL", "UPS", "GLS"))
            shipments = create_shipments(ready, **who)
            if leaving := shipments if self.end - today > timedelta(days=2) else shipments[: len(shipments) // 2]:
                ship_shipments(
                    [ShipConfirmation(key, carrier, f"{carrier}{key.int % 10**11:011d}", today) for key in leaving],
                    **who,
                )
            if leaving and self.end - today > timedelta(days=4):
                deliver_shipments([DeliveryConfirmation(key, today) for key in leaving], **who)
        self._install(today, who)
        if self.chance.randint(1, 12) == 1:
            running = list_subscriptions(Ask(sort="activated_on", limit=40), statuses=("active",)).items
            if running:
                chosen = self.chance.choice(running).id
                cancel_subscriptions([chosen], ends_on=today + timedelta(days=10), reason="Plant closed", **who)

    def _install(self, today: date, who: dict[str, Any]) -> None:
        waiting = list_installations(Ask(limit=200), statuses=("planned", "scheduled", "done"))
        for row in waiting.items:
            age = (today - row.created_at.date()).days
            if row.status == "planned" and age >= 3:
                schedule_installation(
                    installation_id=row.id, scheduled_on=today + timedelta(days=5), technician="Tariq", **who
                )
            elif row.status == "scheduled" and row.scheduled_on and row.scheduled_on <= today:
                finish_installation(installation_id=row.id, done_on=today, note="Tested with the customer.", **who)
            elif row.status == "done" and age >= 10:
                accept_installation(
                    installation_id=row.id,
                    accepted_by="Erika Einkauf",
                    accepted_on=today,
                    evidence="Signed on the technician's sheet",
                    **who,
                )
