"""Who and what the demo company is made of: legal entities, people, products, customers. All are invented."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from cashline.flow.agree.catalog.rules import NewProduct
from cashline.flow.agree.customers.rules import NewAddress, NewCustomer
from cashline.platform.company.actions import NewEntity

ENTITIES = (
    NewEntity(
        code="DE01", name="Nordlicht Systems GmbH", country="DE", currency="EUR", timezone="Europe/Berlin",
        street="Torstraße 49", postcode="10119", city="Berlin", tax_id="DE136695976", registration="HRB 204815 B",
        iban="DE02120300000000202051", bic="BYLADEM1001", email="billing@nordlicht.example", phone="+49 30 5550 140",
        website="https://nordlicht.example", brand_color="#1d4ed8",
    ),
    NewEntity(
        code="US01", name="Nordlicht Systems Inc.", country="US", currency="USD", timezone="America/New_York",
        street="200 State Street", postcode="02109", city="Boston", registration="Delaware 5512409",
        iban="", bic="", email="billing@nordlicht.example", phone="+1 617 555 0140",
        website="https://nordlicht.example", brand_color="#1d4ed8",
    ),
)  # fmt: skip
PEOPLE = (
    ("olga", "Olga Owner", "owner"),
    ("sam", "Sam Seller", "seller"),
    ("dana", "Dana Deal Desk", "deal_desk"),
    ("lena", "Lena Legal", "legal"),
    ("otto", "Otto Order Desk", "order_desk"),
    ("finn", "Finn Fulfilment", "fulfilment"),
    ("bea", "Bea Billing", "billing"),
    ("carl", "Carl Collections", "collections"),
    ("ada", "Ada Accountant", "revenue_accountant"),
    ("alan", "Alan Auditor", "auditor"),
)


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product with its list prices in euro by interval (0: once)."""

    product: NewProduct
    prices: dict[int, Decimal]


def _goods(sku: str, name: str, price: str, cost: str) -> DemoProduct:
    return DemoProduct(NewProduct(sku=sku, name=name, kind="goods", unit_cost=Decimal(cost)), {0: Decimal(price)})


def _running(sku: str, name: str, monthly: str, yearly: str) -> DemoProduct:
    return DemoProduct(NewProduct(sku=sku, name=name, kind="subscription"), {1: Decimal(monthly), 12: Decimal(yearly)})


def _service(sku: str, name: str, price: str) -> DemoProduct:
    return DemoProduct(NewProduct(sku=sku, name=name, kind="service"), {0: Decimal(price)})


PRODUCTS = (
    _goods("FG-200", "Field gateway FG-200", "1249.00", "690.00"),
    _goods("FG-50", "Field gateway FG-50, compact", "489.00", "251.00"),
    _goods("SN-T", "Temperature sensor", "39.90", "14.20"),
    _goods("SN-V", "Vibration sensor", "119.00", "48.50"),
    _goods("SN-P", "Pressure sensor", "89.00", "33.10"),
    _goods("CB-10", "Sensor cable, 10 m", "24.50", "8.75"),
    _goods("RK-1", "Mounting kit", "59.00", "21.00"),
    _running("MON-S", "Monitoring, per device", "4.50", "48.00"),
    _running("MON-P", "Monitoring Pro, per site", "189.00", "1990.00"),
    _running("SUP-24", "Support around the clock", "349.00", "3690.00"),
    _running("DATA-1", "Data retention, 12 months", "99.00", "1020.00"),
    _service("INST-D", "Installation on site, one day", "1150.00"),
    _service("TRAIN", "Training for operators", "890.00"),
    _service("AUDIT", "Plant walk-through with report", "2400.00"),
)
GOODS = tuple(one.product.sku for one in PRODUCTS if one.product.kind == "goods")
RUNNING = tuple(one.product.sku for one in PRODUCTS if one.product.kind == "subscription")
SERVICES = tuple(one.product.sku for one in PRODUCTS if one.product.kind == "service")
PER_EURO = {"EUR": Decimal(1), "USD": Decimal("1.10"), "GBP": Decimal("0.88")}

_FIRST = (
    *("Nordwind", "Hansa", "Bergmann", "Falken", "Elbe", "Alpen", "Küsten", "Rhein", "Silber", "Kranich", "Linden"),
    *("Morgen", "Sonnen", "Wald", "Stein", "Kiefer", "Anker", "Brücken", "Feld", "Hafen", "Insel", "Kupfer"),
    *("Mühlen", "Quell", "Sturm", "Tauber", "Ufer", "Wiesen", "Zeder", "Ahorn"),
)
_LAST = {
    "DE": ("Maschinenbau GmbH", "Logistik AG", "Werke GmbH", "Energie KG", "Molkerei eG", "Technik GmbH", "Stahl AG"),
    "AT": ("Holzwerke GmbH", "Anlagenbau GmbH", "Brauerei AG"),
    "FR": ("Industries SAS", "Énergie SA", "Laiteries SARL"),
    "NL": ("Logistics B.V.", "Machines N.V.", "Agro B.V."),
    "GB": ("Engineering Ltd", "Foods Ltd", "Packaging plc"),
    "US": ("Manufacturing Inc.", "Foods LLC", "Packaging Corp."),
}
_CITIES = {
    "DE": (("20457", "Hamburg"), ("80331", "München"), ("50667", "Köln"), ("04109", "Leipzig"), ("70173", "Stuttgart")),
    "AT": (("1010", "Wien"), ("4020", "Linz"), ("8010", "Graz")),
    "FR": (("69001", "Lyon"), ("31000", "Toulouse"), ("59000", "Lille")),
    "NL": (("3011", "Rotterdam"), ("5611", "Eindhoven"), ("3511", "Utrecht")),
    "GB": (("M1 1AE", "Manchester"), ("BS1 4DJ", "Bristol"), ("LS1 4AP", "Leeds")),
    "US": (("60601", "Chicago"), ("43215", "Columbus"), ("53202", "Milwaukee")),
}
_STREETS = {
    "DE": "Hauptstraße", "AT": "Ringstraße", "FR": "rue de la Gare", "NL": "Kanaalweg", "GB": "Mill Lane",
    "US": "Main Street",
}  # fmt: skip
_ZONES = {
    "DE": "Europe/Berlin", "AT": "Europe/Vienna", "FR": "Europe/Paris", "NL": "Europe/Amsterdam", "GB": "Europe/London",
    "US": "America/Chicago",
}  # fmt: skip
_LOCALES = {"DE": "de", "AT": "de", "FR": "fr"}
_CURRENCIES = {"GB": "GBP", "US": "USD"}
COUNTS = {"DE": 120, "AT": 12, "FR": 24, "NL": 20, "GB": 18, "US": 46}
PORTAL_CUSTOMER = "Nordwind Maschinenbau GmbH"


def customers(chance: Random) -> Iterator[NewCustomer]:
    """The customers; the first one has a person in the portal and gets its invoices by mail."""
    for country, count in COUNTS.items():
        for index in range(count):
            first, last = _FIRST[index % len(_FIRST)], _LAST[country][index // len(_FIRST) % len(_LAST[country])]
            name = f"{first} {last}"
            postcode, city = chance.choice(_CITIES[country])
            street = f"{_STREETS[country]} {chance.randint(1, 180)}"
            address: dict[str, Any] = {"street": street, "city": city, "postcode": postcode, "country": country}
            yield NewCustomer(
                name=name,
                country=country,
                currency=_CURRENCIES.get(country, "EUR"),
                email="einkauf@nordwind.example" if name == PORTAL_CUSTOMER else "",
                timezone=_ZONES[country],
                locale=_LOCALES.get(country, "en"),
                payment_terms_days=chance.choice((14, 30, 30, 30, 45)),
                tax_id=_tax_id(country, index),
                external_reference=f"CRM-{country}{index:04d}",
                addresses=(NewAddress(role="bill_to", **address), NewAddress(role="ship_to", **address)),
            )


_TAX_FORMS = {"DE": "13{:06d}{}", "AT": "U35{:05d}{}", "FR": "{:02d}73282{:04d}", "NL": "10{:06d}{}B01"}


def _tax_id(country: str, index: int) -> str:
    """A number whose check digits hold, for the countries of the EU: the first that its country's rule accepts."""
    if country not in _TAX_FORMS:
        return ""
    from stdnum.eu import vat

    for step in range(100):
        for check in range(100 if country == "FR" else 10):
            serial = index * 37 + step
            parts = (check, serial) if country == "FR" else (serial, check)
            number = country + _TAX_FORMS[country].format(*parts)
            if vat.is_valid(number):
                return number
    raise LookupError(f"No tax number of {country} was found.")
