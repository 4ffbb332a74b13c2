"""What a year of trade leaves untouched: a bank statement with lines to decide, promises to pay, a key for the API."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from cashline.flow.invoice.invoices.queries.lists import OpenItemRow, open_items
from cashline.flow.receive.bank.actions import import_statement, match_lines
from cashline.flow.receive.collections.actions import NewPromise, record_promises
from cashline.kernel.rounding import round_to
from cashline.platform.people.actions import create_api_key
from cashline.surfaces.demo import cast
from cashline.surfaces.demo.company import DemoCompany

PAID, PROMISED = 14, 6
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
    create_api_key(name="Web shop", scopes=["customers.read", "catalog.read", "orders.read", "orders.write"], **who)


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
