"""Exemption certificates on real invoices: the day of supply decides, the invoice states them, and none overlap."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction

from cashline.flow.invoice.invoices.queries import statement_of
from cashline.flow.invoice.taxes.actions import end_certificate, keep_certificates
from cashline.flow.invoice.taxes.queries import certificate
from cashline.flow.invoice.taxes.rules import InvalidCertificate, NewCertificate
from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.platform.documents.einvoice_check import Severity, check_einvoice
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.book import Shop, line
from tests.support.console import Console
from tests.support.invoice import make_billing_shop, ship_and_bill
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
YEAR, NEXT = date(2026, 1, 1), date(2027, 1, 1)


def keep(shop: Shop, since: date = YEAR, until: date | None = NEXT, country: str = "DE") -> UUID:
    new = NewCertificate(shop.customer, country, "F-12", "Diplomatic mission", since, until)
    return keep_certificates([new], now=NOW, actor=ACTOR)[0]


def test_what_is_supplied_while_it_holds_is_exempt_and_states_it() -> None:
    shop = make_billing_shop()
    key = keep(shop)
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    assert (row.net_total, row.tax_total) == (Decimal(89), 0)
    (tax,) = statement_of(row.id).taxes
    assert (tax.code, tax.reason) == ("E", "Diplomatic mission (F-12)")
    assert tax.basis == "Supplied within DE, certificate F-12 of DE held on 2026-01-15"
    for form in ("ubl", "cii"):
        found = check_einvoice(Api().get(f"/invoices/{public('invoice', row.id)}/{form}").content)
        assert [one for one in found if one.severity is Severity.ERROR] == []
    end_certificate(certificate_id=key, until=TODAY, reason="Left", now=NOW, actor=ACTOR)
    assert ship_and_bill(shop, line("SENSOR-1", 1)).tax_total == Decimal("16.91")


def test_one_of_another_country_changes_nothing() -> None:
    shop = make_billing_shop()
    keep(shop, country="FR")
    assert ship_and_bill(shop, line("SENSOR-1", 1)).tax_total == Decimal("16.91")


def test_two_of_a_country_never_hold_at_once() -> None:
    shop = make_billing_shop()
    keep(shop)
    with pytest.raises(InvalidCertificate, match="at the same time"):
        keep(shop, since=date(2026, 12, 31), until=None)
    keep(shop, since=NEXT, until=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            "INSERT INTO exemption_certificates SELECT uuidv7(), country, number, reason, valid, created_at, "
            "customer_id FROM exemption_certificates LIMIT 1"
        )


def test_it_ends_within_its_time_and_says_all_that_is_wrong() -> None:
    shop = make_billing_shop()
    key = keep(shop)
    for day in (YEAR, NEXT):
        with pytest.raises(InvalidCertificate, match="It can end after 2026-01-01 and before 2027-01-01"):
            end_certificate(certificate_id=key, until=day, reason="", now=NOW, actor=ACTOR)
    wrong = NewCertificate(shop.customer, "d", " ", "", NEXT, YEAR)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - all four at once
        keep_certificates([wrong], now=NOW, actor=ACTOR)
    assert [one.field for one in raised.value.refusals] == ["country", "number", "reason", "until"]  # type: ignore[attr-defined]
    assert certificate(key).until == NEXT


def test_every_door_keeps_lists_and_ends_one() -> None:
    shop, api = make_billing_shop(), Api()
    given = {"customer_id": public("customer", shop.customer), "country": "DE", "number": "F-12",
             "reason": "Diplomatic mission", "since": "2026-01-01"}  # fmt: skip
    made = api.post("/exemption-certificates", given)
    assert (made.status, made.body["until"]) == (201, None)
    assert api.post("/exemption-certificates", given).codes == ["invalid_certificate"]
    assert api.post("/exemption-certificates", given | {"customer_id": public("customer", new_id())}).status == 404
    ended = api.post(f"/exemption-certificates/{made.body['id']}/end", {"until": "2026-07-01"})
    assert ended.body["until"] == "2026-07-01"
    listed = api.get("/exemption-certificates", customer_id=given["customer_id"]).body["items"]
    assert [row["number"] for row in listed] == ["F-12"]
    clerk = Console("billing")
    page = clerk.post("/exemption-certificates/new/", {"customer": "CUS-000001", "country": "fr", "number": "X-1",
                      "reason": "NATO", "since": "2026-01-01", "until": "2026-02-01"})  # fmt: skip
    assert "The certificate is on file." in page.words
    assert "Ended" in page.words
    assert "There is no customer" in clerk.post("/exemption-certificates/new/", {"customer": "CUS-9", "country": "fr",
                      "number": "X-1", "reason": "NATO", "since": "2026-01-01"}).words  # fmt: skip
    page = clerk.post("/exemption-certificates/end/", {"number": "X-1", "until": "2026-01-10", "why": "Moved"})
    assert "The certificate ends on that day." in page.words
    run = CliRunner().invoke(cli, ["tax-certificate", "add", "CUS-000001", "at", "W-7", "--reason", "UN", "--from",
                                   "2026-01-01"])  # fmt: skip
    assert "is exempt in AT from 2026-01-01 on." in run.output
    assert "W-7" in CliRunner().invoke(cli, ["tax-certificate", "list"]).output
    key = public("exemption_certificate", sql.fetch("SELECT id FROM exemption_certificates WHERE number = 'W-7'")[0][0])
    run = CliRunner().invoke(cli, ["tax-certificate", "end", key, "--on", "2026-03-01"])
    assert "It holds until 2026-03-01" in run.output
