"""CSV exports by a declared map of columns: read exactly, or refused with row and column."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.bank.rules.csv_statement import CsvFormat, read_csv
from cashline.flow.receive.bank.rules.statement import (
    Statement,
    StatementKind,
    UnbalancedStatement,
    UnreadableStatement,
    refuse_unbookable,
)
from cashline.kernel.refusals import Refusal

AMERICAN = CsvFormat(
    booking_date="Date",
    credit="Deposits",
    debit="Withdrawals",
    name="Payee",
    remittance=("Description", "Memo"),
    reference="Ref",
    date_format="%m/%d/%Y",
)
GERMAN = CsvFormat(
    booking_date="Buchungstag",
    amount="Betrag",
    iban="IBAN",
    remittance=("Verwendungszweck",),
    balance="Saldo",
    delimiter=";",
    decimal_mark=",",
    date_format="%d.%m.%Y",
    encoding="cp1252",
    newest_first=True,
)
US_FILE = (
    "Date,Payee,Description,Memo,Ref,Deposits,Withdrawals\n"
    '03/02/2026,"Alpha, Inc.",ACH CREDIT,INV-2026-000101,T1,"1,119.00",\n'
    "03/03/2026,Bank,FEE,,T2,,12.50\n"
)
DE_FILE = (
    "Buchungstag;Verwendungszweck;IBAN;Betrag;Saldo\n"
    "03.03.2026;Gebühr;;-12,50;1.106,50\n"
    "02.03.2026;INV-2026-000101;DE89 3704 0044 0532 0130 00;1.119,00;1.119,00\n"
)


def read(text: str, form: CsvFormat) -> Statement:
    return read_csv(text.encode(form.encoding), form, account="US-1", currency="EUR")


def test_credit_and_debit_columns() -> None:
    found = read(US_FILE, AMERICAN)
    refuse_unbookable([found])
    assert found.kind is StatementKind.REPORT
    first, second = found.lines
    assert (first.booking_date, first.amount, first.counterparty_name) == (
        date(2026, 3, 2),
        Decimal("1119.00"),
        "Alpha, Inc.",
    )
    assert (first.remittance, first.entry_ref) == ("ACH CREDIT INV-2026-000101", "T1")
    assert second.amount == Decimal("-12.50")


def test_a_column_of_balances_makes_it_a_checked_statement() -> None:
    found = read(DE_FILE, GERMAN)
    refuse_unbookable([found])
    assert found.kind is StatementKind.STATEMENT
    assert found.opening is not None
    assert found.closing is not None
    assert (found.opening.amount, found.closing.amount) == (Decimal("0.00"), Decimal("1106.50"))
    assert [line.amount for line in found.lines] == [Decimal("1119.00"), Decimal("-12.50")]
    assert found.lines[0].counterparty_iban == "DE89370400440532013000"
    with pytest.raises(UnbalancedStatement) as refused:
        read(DE_FILE.replace("1.106,50", "1.106,51"), GERMAN)
    assert (refused.value.field, refused.value.data["entry"]) == ("Saldo", 2)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("03/02/2026", "2026-03-02", "Date"),
        ("03/02/2026", "02/30/2026", "Date"),
        ("03/02/2026", "03/02/0026", "Date"),
        ('"1,119.00"', "abc", "Deposits"),
        ('"1,119.00"', "1e5", "Deposits"),
        ('"1,119.00"', "", "Deposits"),
        (",,12.50", ",3.00,12.50", "Deposits"),
        ("Deposits,", "Credits,", "Deposits"),
        ('"Alpha, Inc."', '"Alpha', "file"),
        ("Alpha", "Al\x00pha", "file"),
    ],
)
def test_what_does_not_fit_the_map_is_refused_with_its_column(old: str, new: str, field: str) -> None:
    with pytest.raises(UnreadableStatement) as refused:
        read(US_FILE.replace(old, new), AMERICAN)
    assert refused.value.field == field


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for head in (b"", US_FILE.encode()[:60], DE_FILE.encode("cp1252")):
        for form in (AMERICAN, GERMAN):
            try:
                refuse_unbookable([read_csv(head + data, form, account="1", currency="EUR")])
            except Refusal:
                continue
