"""Statement files of real banks and other programs: each is read as it stands, or refused for its reason."""

from decimal import Decimal

import pytest

from cashline.flow.receive.bank.rules.camt import read_camt
from cashline.flow.receive.bank.rules.files import read_statements
from cashline.flow.receive.bank.rules.importing import known_entries, plan_import
from cashline.flow.receive.bank.rules.mt940 import read_mt940
from cashline.flow.receive.bank.rules.statement import refuse_unbookable
from cashline.kernel.refusals import Refusal, Refusals
from tests.support.conformance import conformance_folder

FOLDER = conformance_folder("bank")

# Lines of each statement, and the sum of all of them; or the code of the refusal.
CAMT = {
    "camt052.v1.xml": ([1], "-200000"),
    "camt052.v2.with-account-name.xml": ([1], "-200000"),
    "camt052.v4.xml": ([0], "0"),  # its one entry is pending
    "camt052.v6.xml": ([0], "0"),
    "camt053.v2.all-balance-types.xml": "statement_unbalanced",  # 1.01 + 8.85 is not 4.04
    "camt053.v2.minimal.ultimate.xml": "statement_currency_mismatch",  # opens in EUR, closes in SEK
    "camt053.v2.multi.statement.xml": ([1, 1], "1.85"),
    "camt053.v2.with-party-ids.xml": "statement_currency_mismatch",
    "camt053.v3.xml": "statement_currency_mismatch",
    "camt053.v8.xml": "statement_currency_mismatch",
    "camt054.v2.xml": ([1], "-200000"),
    "camt054.v8-with-UETR.xml": ([1], "-200000"),
    "camt054.v8.xml": ([1], "-200000"),
}
MT940 = {
    "betterplace/amount_formats.sta": "statement_format_unknown",  # fields without a statement around them
    "betterplace/empty_86.sta": "statement_format_unknown",
    "betterplace/empty_line.sta": "several",
    "betterplace/sepa_mt9401.sta": (
        [7, 2, 5, 3, 5, 1, 4, 4, 8, 3, 6, 6, 6, 3, 1, 5, 5, 2, 1, 3, 4, 7, 3, 1, 1, 1],
        "-9269135.90",
    ),
    "betterplace/sepa_snippet_broken.sta": "statement_unreadable",
    "cmxl/account_balance_credit.sta": "statement_format_unknown",
    "cmxl/account_identification_iban.sta": "statement_format_unknown",
    "cmxl/available_balance.sta": "statement_format_unknown",
    "cmxl/mt940.sta": "statement_unreadable",  # German marks
    "cmxl/statement_details.sta": "statement_format_unknown",
    "cmxl/statement_number.sta": "statement_format_unknown",
    "jejik/generic.sta": ([1, 1], "-20.00"),
    "jejik/knab.sta": "statement_unbalanced",
    "jejik/rabobank-iban.sta": ([2, 2], "-70.00"),
    "jejik/sns.sta": ([2, 0], "-25.00"),
    "mBank/mt940.sta": ([3], "0.03"),
    "mBank/with_newline_in_tnr.sta": "statement_unbalanced",
    "self-provided/account_identification.sta": "several",
    "self-provided/empty_non_swift.sta": "statement_format_unknown",
    "self-provided/gv_codes.sta": "statement_unreadable",  # cut off before the closing balance
    "self-provided/long_statement_number.sta": ([0], "0"),
    "self-provided/mt942.sta": "statement_unbalanced",  # :90D: states 2.30, the line is 0.42
    "self-provided/overly_long_details.sta": "statement_unbalanced",
    "self-provided/raphaelm.sta": "several",  # German marks, balances without a currency
    "self-provided/transaction_details_wrapped.sta": ([1], "-6.00"),
    "self-provided/wrapped_timestamp.sta": ([1], "-6.00"),
}
EXPECTED = {f"camt/{name}": value for name, value in CAMT.items()} | {f"mt940/{name}": v for name, v in MT940.items()}


def outcome(name: str) -> tuple[list[int], str] | str:
    try:
        statements = read_statements((FOLDER / name).read_bytes(), name=name)
    except Refusal as refusal:
        return refusal.code if refusal.field or isinstance(refusal, Refusals) else "no field"
    total = sum((line.amount for statement in statements for line in statement.lines), Decimal(0))
    return [len(statement.lines) for statement in statements], str(total)


@pytest.mark.parametrize("name", EXPECTED)
def test_file_is_read_or_refused_for_its_reason(name: str) -> None:
    assert outcome(name) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_importing_a_file_twice_books_nothing_twice(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    try:
        statements = read_statements(data, name=name)
    except Refusal:
        return
    for account in {statement.account for statement in statements}:
        own = [statement for statement in statements if statement.account == account]
        first = plan_import(own, ())
        assert len({line.fingerprint for line in first.new}) == len(first.new)
        assert len(first.new) == sum(len(statement.lines) for statement in own)
        known = [entry for statement in own for entry in known_entries(statement.lines, statement)]
        assert plan_import(own, known).new == ()


def test_files_that_are_not_listed_are_read_or_refused_too() -> None:
    for path in sorted(FOLDER.rglob("*")):
        name = str(path.relative_to(FOLDER))
        if path.is_file() and name not in EXPECTED and path.suffix in (".xml", ".sta", ".txt", ".ach", ".ofx"):
            found = outcome(name)
            if path.suffix in (".ach", ".ofx", ".txt"):
                assert found == "statement_format_unknown", name


@pytest.mark.parametrize("name", ["camt/camt053.v2.multi.statement.xml", "mt940/betterplace/sepa_mt9401.sta"])
def test_a_file_cut_anywhere_is_refused_or_balances(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    refused = 0
    for cut in range(1, len(data), max(1, len(data) // 97)):
        try:
            refuse_unbookable(read_statements(data[:cut], name=name))
        except Refusal:
            refused += 1
    # What is cut between two complete statements still balances; nearly every cut is inside one.
    assert refused > 90


def test_details_of_german_dutch_and_polish_banks() -> None:
    german = read_mt940((FOLDER / "mt940/betterplace/sepa_mt9401.sta").read_bytes())
    line = german[2].lines[0]
    assert line.end_to_end_id == "EndToEndIdTFNR5200100001"
    assert line.counterparty_iban == "DE42100100100043921105"
    assert line.remittance == "Keine Buchung zu: TO13 TF52001 MINT"
    assert german[0].lines[5].is_reversal
    assert german[0].lines[5].amount == Decimal("-204.88")
    dutch = read_mt940((FOLDER / "mt940/jejik/knab.sta").read_bytes())[1].lines[0]
    assert (dutch.counterparty_name, dutch.counterparty_iban) == ("PICQER", "NL65INGB0123456789")
    assert dutch.remittance == "FACTUUR 201403110, 201403113"
    polish = read_mt940((FOLDER / "mt940/mBank/mt940.sta").read_bytes())[0].lines[0]
    assert polish.remittance == "PRZELEW SRODKOW"
    assert polish.counterparty_name.startswith("JAN NOWAK")


def test_parties_and_references_of_camt() -> None:
    debtor = read_camt((FOLDER / "camt/camt053.v8.xml").read_bytes())[0].lines[0]
    assert (debtor.counterparty_name, debtor.counterparty_iban) == ("NAME NAME", "NL56AGDH9619008421")
    assert debtor.creditor_references == ("4654654654654654",)
    assert debtor.end_to_end_id == "MUELL/FINP/RA12345"
    batch = read_camt((FOLDER / "camt/camt054.v8.xml").read_bytes())[0].lines[0]
    assert batch.parts == 1  # its parts are in another currency and do not sum to it
    assert batch.batch is not None
    assert batch.batch.count == 3
