"""Statement files: what is read from them, and that hostile or broken ones are refused whole."""

import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.bank.rules import files
from cashline.flow.receive.bank.rules.camt import read_camt
from cashline.flow.receive.bank.rules.files import UnsafeArchive, read_statements
from cashline.flow.receive.bank.rules.mt940 import read_mt940
from cashline.flow.receive.bank.rules.statement import (
    StatementKind,
    UnbalancedStatement,
    UnreadableStatement,
    find_gaps,
    is_iban,
    same_account,
)
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.documents.safe_xml import FileTooLarge, MalformedXml, UnsafeXml

OWN = "DE89370400440532013000"
PAYER = "NL91ABNA0417164300"


def entry(amount: str, *, side: str = "CRDT", details: str = "", more: str = "", day: str = "2026-03-02") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}<Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def transaction(amount: str = "", *, text: str = "", e2e: str = "", side: str = "", more: str = "") -> str:
    money = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    sign = f"<CdtDbtInd>{side}</CdtDbtInd>" if side else ""
    reference = f"<Refs><EndToEndId>{e2e}</EndToEndId></Refs>" if e2e else ""
    return (
        f"<TxDtls>{reference}{money}{sign}<RltdPties><Dbtr><Pty><Nm>Payer B.V.</Nm></Pty></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{PAYER}</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd>{more}</RmtInf></TxDtls>"
    )


def balance(code: str, amount: str, day: str = "2026-03-01") -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount.lstrip("-")}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'
    )


def statement(*entries: str, opening: str = "100.00", closing: str, account: str = OWN, number: str = "7") -> str:
    return (
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<CreDtTm>2026-03-03T06:00:00</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', closing, '2026-03-02')}{''.join(entries)}</Stmt>"
    )


def document(*statements: str, version: str = "08") -> bytes:
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    head = "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-03T06:00:00</CreDtTm></GrpHdr>"
    body = f"<BkToCstmrStmt>{head}{''.join(statements)}</BkToCstmrStmt>"
    return f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">{body}</Document>'.encode()


def test_a_camt_entry_is_one_signed_line_with_its_payer_and_references() -> None:
    reference = (
        "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
    )
    detail = transaction(text="INV-2026-000123", e2e="E2E-1", more=reference)
    (read,) = read_statements(
        document(statement(entry("119.00", details=detail, more="<AcctSvcrRef>BANK1</AcctSvcrRef>"), closing="219.00"))
    )
    (line,) = read.lines
    assert (read.account_iban, read.currency, read.sequence, read.kind) == (OWN, "EUR", "7", StatementKind.STATEMENT)
    assert (line.amount, line.currency, line.entry_ref, line.end_to_end_id) == (
        Decimal("119.00"),
        "EUR",
        "BANK1",
        "E2E-1",
    )
    assert (line.counterparty_name, line.counterparty_iban) == ("Payer B.V.", PAYER)
    assert line.creditor_references == ("RF18539007547034",)
    assert line.remittance == "INV-2026-000123"


def test_a_batch_is_split_into_its_transactions_and_keeps_one_entry() -> None:
    details = (
        "<Btch><MsgId>B1</MsgId><NbOfTxs>2</NbOfTxs></Btch>"
        + transaction("40.00", text="INV-1", e2e="A")
        + transaction("60.00", text="INV-2", e2e="B")
    )
    (read,) = read_statements(document(statement(entry("100.00", details=details), closing="200.00")))
    assert [(line.amount, line.part, line.parts, line.end_to_end_id) for line in read.lines] == [
        (Decimal("40.00"), 1, 2, "A"),
        (Decimal("60.00"), 2, 2, "B"),
    ]
    assert len({line.entry_fingerprint for line in read.lines}) == 1
    assert len({line.fingerprint for line in read.lines}) == 2


def test_a_batch_whose_transactions_do_not_sum_to_it_stays_whole() -> None:
    details = transaction("40.00", text="INV-1") + transaction("50.00", text="INV-2")
    (read,) = read_statements(document(statement(entry("100.00", details=details), closing="200.00")))
    (line,) = read.lines
    assert line.amount == Decimal("100.00")
    assert line.remittance == "INV-1 INV-2"
    assert line.counterparty_iban == PAYER


def test_returns_inside_a_batch_keep_their_sign() -> None:
    details = transaction("40.00", side="CRDT") + transaction("10.00", side="DBIT")
    (read,) = read_statements(document(statement(entry("30.00", details=details), closing="130.00")))
    assert [line.amount for line in read.lines] == [Decimal("40.00"), Decimal("-10.00")]


def test_a_reversal_is_marked_and_signed_by_what_it_does() -> None:
    returned = entry("25.00", side="DBIT", more="<RvslInd>true</RvslInd>", details=transaction())
    (read,) = read_statements(document(statement(returned, closing="75.00")))
    (line,) = read.lines
    assert line.is_reversal
    assert line.amount == Decimal("-25.00")
    assert line.counterparty_name == "Payer B.V."


def test_several_accounts_and_empty_statements_in_one_file() -> None:
    other = "AT611904300234573201"
    data = document(
        statement(entry("1.00"), closing="101.00"),
        statement(opening="5.00", closing="5.00", account=other),
        statement(entry("2.00"), opening="5.00", closing="7.00", account=other, number="8"),
    )
    assert [(each.account, len(each.lines)) for each in read_statements(data)] == [(OWN, 1), (other, 0), (other, 1)]


@pytest.mark.parametrize("version", ["02", "03", "04", "06", "08", "11", "13"])
def test_every_version_is_read(version: str) -> None:
    assert len(read_statements(document(statement(entry("1.00"), closing="101.00"), version=version))) == 1


@pytest.mark.parametrize(
    ("broken", "code", "field"),
    [
        (statement(entry("1.00"), closing="102.00"), "statement_unbalanced", "closing_balance"),
        (statement(entry("1,00"), closing="101.00"), "statement_unreadable", "amount"),
        (statement(entry("-1.00"), closing="99.00"), "statement_unreadable", "amount"),
        (statement(entry("1e2"), closing="200.00"), "statement_unreadable", "amount"),
        (statement(entry("1.005"), closing="101.005"), "statement_unreadable", "amount"),
        (statement(entry("9" * 30), closing="101.00"), "statement_unreadable", "amount"),
        (statement(entry("1.00", side="BOTH"), closing="101.00"), "statement_unreadable", "amount"),
        (statement(entry("1.00", day="2026-02-30"), closing="101.00"), "statement_unreadable", "BookgDt/Dt"),
        (statement(entry("1.00", day="0001-01-01"), closing="101.00"), "statement_unreadable", "BookgDt/Dt"),
        (statement(entry("1.00").replace("EUR", "SEK"), closing="101.00"), "statement_currency_mismatch", "currency"),
        (statement(closing="100.00").replace(OWN, ""), "statement_unreadable", "account"),
        (statement(closing="100.00").replace("<Ccy>EUR", "<Ccy>XYZ"), "statement_unreadable", "currency"),
        (statement(closing="100.00").replace("CLBD", "XXXX"), "statement_unreadable", "closing_balance"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_code_and_field(broken: str, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_statements(document(statement(entry("3.00"), closing="103.00"), broken))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert refused.value.data["statement"] == 2


def test_every_reason_comes_at_once_with_its_entry() -> None:
    data = document(
        statement(entry("1.00"), entry("1.001"), entry("2.002"), closing="110.00"), statement(closing="1.00")
    )
    with pytest.raises(Refusals) as refused:
        read_statements(data)
    assert [(each.code, each.data.get("entry")) for each in refused.value] == [
        ("statement_unreadable", 2),
        ("statement_unreadable", 3),
        ("statement_unbalanced", None),
        ("statement_unbalanced", None),
    ]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>"""
FETCH = b"""<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><Document/>"""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (BOMB, UnsafeXml),
        (FETCH, UnsafeXml),
        (b"<a>" * 5_000 + b"</a>" * 5_000, UnsafeXml),
        (b"<Document>", MalformedXml),
        (document(statement(closing="100.00"))[:-30], MalformedXml),
        ("<Document>Ä</Document>".encode("latin-1"), MalformedXml),
        (b"\xef\xbb\xbf", Refusal),
        (b"", UnreadableStatement),
        (b"   \n", UnreadableStatement),
        (b"\x00" * 100, Refusal),
        (b"<Document/>", Refusal),
        (b"<html><body>Login</body></html>", Refusal),
        (b"%PDF-1.7 ...", Refusal),
        (b":20:X\n:25:\x81\x8d" + b"\x90" * 10, UnreadableStatement),
        (b":20:X\n:25:1\x00234567", UnreadableStatement),
        (b"<" + b" " * files.MAX_BYTES, FileTooLarge),
    ],
)
def test_hostile_and_foreign_files_are_refused(data: bytes, kind: type[Refusal]) -> None:
    with pytest.raises(kind) as refused:
        read_statements(data)
    assert refused.value.field == "file" or "statement" in refused.value.data


def packed(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_gives_the_statements_of_its_files() -> None:
    one, other = document(statement(entry("1.00"), closing="101.00")), document(statement(closing="100.00"))
    found = read_statements(packed(("b.xml", one), ("a.xml", other), ("__MACOSX/a.xml", b"junk")))
    assert [(each.source, len(each.lines)) for each in found] == [("a.xml", 0), ("b.xml", 1)]


def test_an_archive_of_zeros_of_archives_or_of_too_many_files_is_not_unpacked() -> None:
    bombs = [
        packed(("zeros.xml", b"\x00" * 20_000_000)),
        packed(("inner.zip", packed(("a.xml", document(statement(closing="100.00")))))),
        packed(*((f"{number}.sta", b":20:X") for number in range(files.MAX_MEMBERS + 1))),
        packed(("a.xml", document(statement(closing="100.00"))))[:-40],
        b"PK\x03\x04" + b"x" * 100,
    ]
    for bomb in bombs:
        with pytest.raises(UnsafeArchive) as refused:
            read_statements(bomb)
        assert refused.value.field == "file"


def test_an_archive_may_not_unpack_to_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 50_000)
    letters = bytes(range(65, 91)) * 1_000
    with pytest.raises(UnsafeArchive):
        read_statements(packed(("a.sta", letters), ("b.sta", letters)))


def test_a_broken_file_inside_an_archive_is_named() -> None:
    with pytest.raises(UnbalancedStatement) as refused:
        read_statements(packed(("bad.xml", document(statement(entry("1.00"), closing="1.00")))), name="march.zip")
    assert refused.value.data["member"] == "bad.xml"


MT940 = """:20:STARTUMS
:25:37040044/0532013000
:28C:00012/001
:60F:C260301EUR100,00
:61:2603020302CR119,00NTRFNONREF//BANK1
:86:166?00GUTSCHRIFT?109310?20EREF+E2E-1?21SVWZ+INV-2026-000123?30ABNANL2A
?31NL91ABNA0417164300?32Payer B.V.
:61:2603020302RC19,00NRTINONREF//BANK2
:86:159?00RETOURE?20SVWZ+Retoure
:62F:C260302EUR200,00
-
"""


def test_mt940_and_camt_say_the_same_of_one_entry() -> None:
    (swift,) = read_statements(MT940.encode("cp1252"))
    detail = transaction(text="INV-2026-000123", e2e="E2E-1")
    camt = read_statements(
        document(statement(entry("119.00", details=detail, more="<AcctSvcrRef>BANK1</AcctSvcrRef>"), closing="219.00"))
    )[0]
    first, returned = swift.lines
    assert first.fingerprint == camt.lines[0].fingerprint
    assert (first.counterparty_iban, first.remittance, first.end_to_end_id) == (PAYER, "INV-2026-000123", "E2E-1")
    assert (returned.amount, returned.is_reversal) == (Decimal("-19.00"), True)
    assert same_account(swift.account, OWN)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (":62F:C260302EUR200,00", ":62F:C260302EUR200,01", "statement_unbalanced"),
        (":62F:C260302EUR200,00\n-\n", "", "statement_unreadable"),
        ("CR119,00", "CR119,0,0", "statement_unreadable"),
        ("2603020302CR", "2613020302CR", "statement_unreadable"),
        (":61:2603020302CR119,00", ":61:CR119,00", "statement_unreadable"),
        ("SVWZ+INV", "SVWZ+" + "x" * 30_000 + "INV", "statement_unreadable"),
        (":25:37040044/0532013000\n", "", "statement_unreadable"),
    ],
)
def test_a_broken_mt940_is_refused(old: str, new: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_statements(MT940.replace(old, new).encode())
    assert refused.value.code == code


def test_no_line_of_an_mt940_is_merged_into_another() -> None:
    text = (
        ":20:A\n:25:37040044/0532013000\n:28C:1/1\n:60F:C260301EUR0,\n"
        + ":61:260302C1,00\n" * 3
        + ":62F:C260302EUR3,00\n"
    )
    assert [line.amount for line in read_statements(text.encode())[0].lines] == [Decimal("1.00")] * 3


def test_the_swift_envelope_and_windows_line_ends_are_read() -> None:
    text = "{1:F01BANKDEFFAXXX0000000000}{2:O940}{4:\n" + MT940.rstrip("-\n") + "\n-}\n"
    assert len(read_mt940(text.replace("\n", "\r\n").encode())[0].lines) == 2


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"<", b":20:A\n:25:B\n:60F:C260301EUR1,00\n:61:", MT940.encode()[:120], b"PK\x03\x04"):
        try:
            read_statements(prefix + data)
        except Refusal:
            continue


@given(st.data())
def test_a_camt_with_any_part_changed_is_read_or_refused(data: st.DataObject) -> None:
    whole = document(statement(entry("119.00", details=transaction("119.00", text="INV-1")), closing="219.00"))
    place = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 12))
    changed = whole[:place] + data.draw(st.binary(max_size=6)) + whole[place + length :]
    try:
        read_camt(changed)
        read_statements(changed)
    except Refusal:
        pass


def test_a_missing_statement_shows_as_a_gap() -> None:
    first, third = statement(entry("1.00"), closing="101.00"), statement(opening="150.00", closing="150.00", number="9")
    (gap,) = find_gaps(read_statements(document(third, first)))
    assert (gap.after.amount, gap.before.amount, gap.difference) == (
        Decimal("101.00"),
        Decimal("150.00"),
        Decimal("49.00"),
    )


def test_statements_of_one_day_follow_their_balances_whatever_their_numbers() -> None:
    first = statement(entry("1.00"), closing="101.00", number="9")
    second = statement(entry("49.00"), opening="101.00", closing="150.00")
    assert find_gaps(read_statements(document(first, second))) == ()
    assert find_gaps(read_statements(document(second, first))) == ()


@pytest.mark.parametrize(
    ("text", "valid"), [(OWN, True), (PAYER, True), ("DE89370400440532013001", False), ("", False), ("DE", False)]
)
def test_iban_check_digits(text: str, valid: bool) -> None:
    assert is_iban(text) is valid


@pytest.mark.parametrize(
    ("stated", "same"),
    [
        (OWN, True),
        ("DE89 3704 0044 0532 0130 00", True),
        ("37040044/532013000", True),
        ("COBADEFF/0532013000", True),
        ("0532013000", True),
        ("37040045/532013000", False),
        ("AT611904300234573201", False),
        ("000", False),
        ("", False),
    ],
)
def test_how_banks_name_an_account(stated: str, same: bool) -> None:
    assert same_account(stated, OWN) is same
