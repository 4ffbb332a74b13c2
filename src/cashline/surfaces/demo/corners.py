"""What a year of trade leaves untouched: bank lines to decide, promises to pay, cards, coupons, prepaid credit,
exemption certificates, services that an endpoint switches, a key for the API and a subscription to events."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings

from cashline.flow.agree.catalog.actions import create_products, set_prices
from cashline.flow.agree.catalog.queries import price_books
from cashline.flow.agree.catalog.rules import NewPrice, NewProduct
from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.book.orders.actions import place_orders
from cashline.flow.book.orders.rules.new_order import NewOrder, NewOrderLine
from cashline.flow.deliver.provisioning.actions import set_endpoint
from cashline.flow.invoice.credits.actions import open_wallets
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.queries.lists import OpenItemRow, open_items
from cashline.flow.invoice.taxes.actions import keep_certificates
from cashline.flow.invoice.taxes.rules import NewCertificate
from cashline.flow.receive.bank.actions import import_statement, match_lines
from cashline.flow.receive.collections.actions import NewPromise, record_promises
from cashline.flow.receive.payments.actions import (
    NewIntent,
    NewPayment,
    charge_card,
    create_intents,
    gateways,
    set_wallet_card,
    top_up_wallet,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import round_to
from cashline.platform.people.actions import create_api_key
from cashline.platform.webhooks.actions import create_endpoint, set_endpoint_active
from cashline.surfaces.demo import cast
from cashline.surfaces.demo.company import DemoCompany

PAID, PROMISED = 14, 6
CARDS = ("4242424242424242", "4242424242424242", "4000000000009995", "4000002500003155")
"""Test cards of the sandbox: two that pay, one without money, one whose payer is asked to confirm."""
type Line = tuple[Decimal, str, str]
"""An amount (negative is money out), who paid, and what they wrote."""


def fill_corners(company: DemoCompany, today: date, who: dict[str, Any]) -> None:
    """On the last day: yesterday's statement of the German account, promises of late payers, and a key of the shop."""
    german = cast.ENTITIES[0]
    items = open_items(entity_id=company.entities[german.code], currency="EUR")
    late = [item for item in items if item.due_on < today - timedelta(days=14)]
    paying = [item for item in items if today - timedelta(days=14) <= item.due_on <= today + timedelta(days=7)]
    import_statement(_camt(german.iban, today, _lines(paying)), f"camt-{today}.xml", **who)
    match_lines(**who)
    promises = [
        NewPromise(item.invoice_id, item.open_amount, today + timedelta(days=3 + place), "Said so on the telephone.")
        for place, item in enumerate(late[:PROMISED])
    ]
    record_promises(promises, today=today, **who)
    _charge_cards(items[-len(CARDS) :], who)
    _give_credit(company, today, who)
    _exempt(company, today, who)
    _switch_on(company, today, who)
    endpoint, _secret = create_endpoint(
        url="https://erp.nordlicht.example/cashline", event_types=["InvoiceIssued", "PaymentReceived"], **who
    )
    set_endpoint_active(endpoint_id=endpoint, active=False, **who)
    create_api_key(name="Web shop", scopes=["customers.read", "catalog.read", "orders.read", "orders.write"], **who)


def _charge_cards(items: Sequence[OpenItemRow], who: dict[str, Any]) -> None:
    """Charges in every state: taken, refused, waiting for the payer to confirm."""
    for item, card in zip(items, CARDS, strict=True):
        intent = NewIntent(
            item.entity_id, item.customer_id, item.currency, item.open_amount, "sandbox", card, item.invoice_id
        )
        (key,) = create_intents([intent], **who)
        charge_card(key, gateway_named=gateways(sandbox=True), **who)


def _give_credit(company: DemoCompany, today: date, who: dict[str, Any]) -> None:
    """Coupons that customers hold, and prepaid wallets that they filled."""
    welcome = NewCoupon("WELCOME10", "10 % off the next three invoices", percent=Decimal(10), uses=3)
    fair = NewCoupon("FAIR100", "100 EUR from the Hanover fair", amount=Decimal(100), currency="EUR", most_grants=50)
    codes = create_coupons([welcome, fair], **who)
    buyers = [one for one in company.buyers if one.given.currency == "EUR"][:8]
    grants = [(codes[place % 2], one.id) for place, one in enumerate(buyers)]
    grant_coupons(grants, today=today, **who)
    wallets = open_wallets([NewWallet(one.entity_id, one.id, "EUR") for one in buyers[:4]], **who)
    for buyer, wallet in zip(buyers, wallets, strict=False):
        money = NewPayment(buyer.id, buyer.entity_id, "EUR", Decimal(1500), "bank_transfer", today, new_id())
        top_up_wallet(money, wallet_id=wallet, expires_on=add_months(today, 12), **who)
    for wallet in wallets[:2]:
        set_wallet_card(
            wallet_id=wallet, below=Decimal(250), amount=Decimal(1000), gateway="sandbox", method_token=CARDS[0], **who
        )


def _exempt(company: DemoCompany, today: date, who: dict[str, Any]) -> None:
    """Buyers who sell on, with the certificates that exempt what they buy."""
    resellers = [one for one in company.buyers if one.given.country == "US"][-2:]
    since, until = add_months(today.replace(day=1), -1), add_months(today.replace(day=1), 11)
    keep_certificates(
        [
            NewCertificate(one.id, "US", f"RESALE-{since.year}-{4711 + place}", "Bought to be sold on.", since, until)
            for place, one in enumerate(resellers)
        ],
        **who,
    )


def _switch_on(company: DemoCompany, today: date, who: dict[str, Any]) -> None:
    """A service that an endpoint activates; it is called as soon as the program serves."""
    remote = NewProduct("REM-1", "Remote access", "subscription", provisioning_key="remote-access")
    (product,) = create_products([remote], **who)
    (book,) = [row.id for row in price_books() if (row.currency, row.is_default) == ("EUR", True)]
    set_prices([NewPrice(book, product, 1, today, Decimal(39))], **who)
    set_endpoint(key="remote-access", url=f"{settings.PUBLIC_URL}/sandbox/provisioning/remote-access/", **who)
    place_orders(
        [
            NewOrder(
                one.id, one.entity_id, "EUR", "console", external_reference=f"Remote access {one.given.name}",
                ordered_on=today, lines=(NewOrderLine("REM-1", Decimal(2), interval_months=1, term_months=12),),
            )
            for one in company.buyers[:3]
        ],
        today=today,
        **who,
    )  # fmt: skip


def _lines(paying: Sequence[OpenItemRow]) -> list[Line]:
    """Transfers that name their invoice, one that is short, two that name nothing, and a fee."""
    lines = [(item.open_amount, item.customer_name, f"Invoice {item.number}") for item in paying[:PAID]]
    for item in paying[PAID : PAID + 1]:
        lines.append((round_to(item.open_amount * 49 / 50, 2), item.customer_name, f"{item.number} less 2 %"))
    for item in paying[PAID + 1 : PAID + 3]:
        lines.append((item.open_amount, item.customer_name, "As agreed, thank you"))
    lines.append((Decimal("-14.90"), "Spreebank AG", "Account fee"))
    return lines


def _camt(iban: str, day: date, lines: Sequence[Line]) -> bytes:
    """A camt.053 of a day whose balances are those of its lines."""
    opening = Decimal("182340.55")
    closing = opening + sum(amount for amount, _name, _text in lines)
    entries = "".join(_entry(day, *line) for line in lines)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Id>{day:%Y%m%d}</Id><ElctrncSeqNb>{day:%j}</ElctrncSeqNb>"
        f"<CreDtTm>{day}T06:00:00</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', opening, day)}{_balance('CLBD', closing, day)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, amount: Decimal, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(day: date, amount: Decimal, name: str, text: str) -> str:
    side, role = ("CRDT", "Dbtr") if amount > 0 else ("DBIT", "Cdtr")
    return (
        f'<Ntry><Amt Ccy="EUR">{abs(amount):.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><NtryDtls><TxDtls><RltdPties><{role}><Pty>"
        f"<Nm>{escape(name)}</Nm></Pty></{role}></RltdPties><RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>"
    )
