"""Reading camt.052, camt.053 and camt.054 of every version (ISO 20022, Bank-to-Customer Cash Management).

Elements are found by their local names, so that versions differ only where the standard changed the structure: the
status (`Sts` or `Sts/Cd`), the party (`Dbtr` or `Dbtr/Pty`), the batch and the details below the entry.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from lxml import etree

from cashline.flow.receive.bank.rules.statement import (
    Balance,
    Batch,
    Place,
    Statement,
    StatementKind,
    StatementLine,
    UnknownStatementFormat,
    UnreadableStatement,
    alphanumeric,
    clean_reference,
    clean_text,
    with_fingerprints,
)
from cashline.platform.documents.safe_xml import parse_xml

MAX_BYTES = 32 * 1024 * 1024
"""Bytes of one camt file; about 20,000 entries with their details."""
_MAX_DEPTH = 40

_MESSAGES = {
    "BkToCstmrStmt": StatementKind.STATEMENT,
    "BkToCstmrAcctRpt": StatementKind.REPORT,
    "BkToCstmrDbtCdtNtfctn": StatementKind.NOTIFICATION,
}
_BLOCKS = {
    StatementKind.STATEMENT: "Stmt",
    StatementKind.REPORT: "Rpt",
    StatementKind.NOTIFICATION: "Ntfctn",
}
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{0,5})?|\.[0-9]{1,5}")
_DATE = re.compile(r"((?:19[7-9]|20[0-9]|21[0-9])[0-9]-[0-9]{2}-[0-9]{2})(?:T.*|Z|[+-][0-9]{2}:[0-9]{2})?")
_VERSION = re.compile(r"V[0-9]{2}$")


def read_camt(data: bytes) -> tuple[Statement, ...]:
    """Every statement, report or notification of the file, unchecked (see `refuse_unbookable`).

    Raises FileTooLarge, MalformedXml or UnsafeXml for a hostile or broken file, UnknownStatementFormat for another
    message, UnreadableStatement with the statement and entry (from 1) for a field that breaks the format.
    """
    root = parse_xml(data, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH)
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    for element in root.iter(etree.Element):
        kind = _MESSAGES.get(_VERSION.sub("", str(element.tag)))
        if kind is not None:
            blocks = element.findall(_BLOCKS[kind])
            return tuple(_statement(block, kind, number) for number, block in enumerate(blocks, 1))
    raise UnknownStatementFormat(
        f"The file is XML, but its root is {clean_text(str(root.tag), 60)}: no camt.052, camt.053 or camt.054.",
        field="file",
        fix="Export the statement as camt.053 or MT940.",
    )


def _statement(block: etree._Element, kind: StatementKind, number: int) -> Statement:
    place = Place(number)
    account = _account(block.find("Acct"))
    balances = [_balance(element, place) for element in block.findall("Bal")]
    opening, closing = _ends(balances)
    currency = _text(block, "Acct/Ccy") or _currency(block, opening, closing)
    created = _day(block, "CreDtTm", place)
    from_date = _day(block, "FrToDt/FrDtTm", place) or _day(block, "FrToDt/FrDt", place)
    to_date = _day(block, "FrToDt/ToDtTm", place) or _day(block, "FrToDt/ToDt", place)
    reader = _EntryReader(number, account, to_date or created)
    booked: list[StatementLine] = []
    pending: list[StatementLine] = []
    for index, entry in enumerate(block.findall("Ntry"), 1):
        status = _text(entry, "Sts/Cd") or _text(entry, "Sts/Prtry") or _text(entry, "Sts")
        (booked if status in ("BOOK", "") else pending).extend(reader.lines(entry, index))
    return Statement(
        account=account,
        currency=currency,
        kind=kind,
        statement_id=clean_text(_text(block, "Id"), 140),
        sequence=clean_text(_text(block, "ElctrncSeqNb") or _text(block, "LglSeqNb"), 20),
        from_date=from_date or (opening.day if opening else None),
        to_date=to_date or (closing.day if closing else created),
        opening=opening,
        closing=closing,
        lines=with_fingerprints(booked),
        pending=with_fingerprints(pending),
        information=clean_text(_text(block, "AddtlStmtInf") or _text(block, "AddtlRptInf")),
    )


def _text(element: etree._Element | None, path: str) -> str:
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def _account(account: etree._Element | None) -> str:
    for path in ("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN", "Id/UPIC"):
        if value := _text(account, path):
            return alphanumeric(value) if path == "Id/IBAN" else clean_text(value, 70)
    return ""


def _currency(block: etree._Element, opening: Balance | None, closing: Balance | None) -> str:
    for balance in (opening, closing):
        if balance is not None:
            return balance.currency
    for amount in block.iterfind("Ntry/Amt"):
        return amount.get("Ccy", "")
    for amount in block.iterfind("Bal/Amt"):
        return amount.get("Ccy", "")
    return ""


def _amount(element: etree._Element | None, place: Place, about: str) -> Decimal:
    text = (element.text or "").strip() if element is not None else ""
    if element is None or not _AMOUNT.fullmatch(text):
        raise place.refuse(UnreadableStatement, f"the amount {clean_text(text, 40)!r} is no number.", about=about)
    return Decimal(text)


def _signed(element: etree._Element, place: Place, about: str) -> tuple[Decimal, str]:
    amount = _amount(element.find("Amt"), place, about)
    found = element.find("Amt")
    currency = found.get("Ccy", "") if found is not None else ""
    side = _text(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        sentence = f"CdtDbtInd is {clean_text(side, 20)!r}, not CRDT or DBIT."
        raise place.refuse(UnreadableStatement, sentence, about=about)
    return (amount if side == "CRDT" else -amount), clean_text(currency, 3)


def _day(element: etree._Element, path: str, place: Place) -> date | None:
    text = _text(element, path)
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date.fromisoformat(match.group(1))
    except ValueError:
        pass
    raise place.refuse(UnreadableStatement, f"{clean_text(text, 40)!r} is no date.", about=path)


def _choice_day(element: etree._Element, path: str, place: Place) -> date | None:
    return _day(element, f"{path}/Dt", place) or _day(element, f"{path}/DtTm", place)


def _balance(element: etree._Element, place: Place) -> tuple[str, Balance] | None:
    code = _text(element, "Tp/CdOrPrtry/Cd") or _text(element, "Tp/Cd")
    if code not in ("OPBD", "PRCD", "CLBD", "ITBD"):
        return None
    amount, currency = _signed(element, place, "balance")
    day = _choice_day(element, "Dt", place) or _day(element, "Dt", place)
    if day is None:
        raise place.refuse(UnreadableStatement, f"the balance {code} has no date.", about="balance")
    return code, Balance(amount, currency, day)


def _ends(balances: list[tuple[str, Balance] | None]) -> tuple[Balance | None, Balance | None]:
    """Opening and closing booked balance; a page of a longer statement has interim balances (ITBD) in their place."""
    found = [entry for entry in balances if entry is not None]
    first: dict[str, Balance] = {}
    for code, balance in found:
        first.setdefault(code, balance)
    interim = [balance for code, balance in found if code == "ITBD"]
    opening = first.get("OPBD") or first.get("PRCD") or (interim[0] if interim else None)
    closing = first.get("CLBD") or (interim[-1] if interim else None)
    return opening, closing


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """Reads the entries of one statement; `fallback` is the day of an entry that names none."""

    statement: int
    account: str
    fallback: date | None

    def lines(self, entry: etree._Element, index: int) -> Iterator[StatementLine]:
        """The entry as one line, or as one a transaction where the transactions' amounts sum to it."""
        whole = self._entry(entry, index)
        place = Place(self.statement, index)
        details = entry.findall("NtryDtls/TxDtls") or entry.findall("TxDtls")
        if not details:
            yield whole
            return
        credit = whole.amount >= 0
        if len(details) == 1:
            yield self._with_details(whole, details[0], credit)
            return
        amounts = self._parts(details, whole, place)
        if amounts is None:
            yield self._lump(whole, details, credit)
            return
        for part, (detail, amount) in enumerate(zip(details, amounts, strict=True), 1):
            line = replace(whole, amount=amount, part=part, parts=len(details))
            yield self._with_details(line, detail, credit)

    def _entry(self, entry: etree._Element, index: int) -> StatementLine:
        place = Place(self.statement, index)
        amount, currency = _signed(entry, place, "amount")
        booking = _choice_day(entry, "BookgDt", place)
        value = _choice_day(entry, "ValDt", place)
        day = booking or value or self.fallback
        if day is None:
            raise place.refuse(UnreadableStatement, "the entry has no booking date.", about="booking_date")
        batch = entry.find("NtryDtls/Btch") if entry.find("NtryDtls/Btch") is not None else entry.find("Btch")
        return StatementLine(
            booking_date=day,
            value_date=value or day,
            amount=amount,
            currency=currency,
            index=index,
            entry_ref=clean_reference(_text(entry, "AcctSvcrRef")),
            remittance=clean_text(_text(entry, "AddtlNtryInf")),
            bank_code=_bank_code(entry),
            batch=_batch(batch),
            is_reversal=_text(entry, "RvslInd") in ("true", "1"),
            charges=_charges(entry, currency),
            entry_amount=amount,
        )

    def _parts(self, details: list[etree._Element], whole: StatementLine, place: Place) -> list[Decimal] | None:
        """The signed amounts of the transactions, or None where they do not sum to the entry."""
        signed: list[Decimal] = []
        for detail in details:
            element = detail.find("Amt")
            if element is None:
                element = detail.find("AmtDtls/TxAmt/Amt")
            if element is None or element.get("Ccy") != whole.currency:
                return None
            amount = _amount(element, place, "amount")
            side = _text(detail, "CdtDbtInd") or ("CRDT" if whole.amount >= 0 else "DBIT")
            signed.append(amount if side == "CRDT" else -amount)
        if sum(signed) == whole.amount:
            return signed
        unsigned = [abs(amount) for amount in signed]
        if sum(unsigned) == abs(whole.amount):
            return unsigned if whole.amount >= 0 else [-amount for amount in unsigned]
        return None

    def _lump(self, whole: StatementLine, details: list[etree._Element], credit: bool) -> StatementLine:
        """A batch that cannot be split: one line with the remittance of all its transactions."""
        read = [self._with_details(whole, detail, credit) for detail in details]
        names = {line.counterparty_name for line in read}
        ibans = {line.counterparty_iban for line in read}
        texts = [line.remittance for line in read if line.remittance]
        return replace(
            whole,
            creditor_references=tuple(dict.fromkeys(ref for line in read for ref in line.creditor_references)),
            remittance=clean_text(" ".join(dict.fromkeys(texts))),
            counterparty_name=names.pop() if len(names) == 1 else "",
            counterparty_iban=ibans.pop() if len(ibans) == 1 else "",
            batch=replace(whole.batch or Batch(), count=len(details)),
        )

    def _with_details(self, line: StatementLine, detail: etree._Element, credit: bool) -> StatementLine:
        remittance = detail.find("RmtInf")
        references = _references(remittance)
        texts = [clean_text(found.text) for found in detail.iterfind("RmtInf/Ustrd")]
        texts += [clean_text(found.text) for found in detail.iterfind("RmtInf/Strd/AddtlRmtInf")]
        texts += [clean_text(found.text) for found in detail.iterfind("RmtInf/Strd/RfrdDocInf/Nb")]
        text = " ".join(part for part in texts if part)
        name, iban = self._counterparty(detail, credit != line.is_reversal)
        instructed = detail.find("AmtDtls/InstdAmt/Amt")
        known = instructed is not None and _AMOUNT.fullmatch((instructed.text or "").strip())
        return replace(
            line,
            entry_ref=line.entry_ref or clean_reference(_text(detail, "Refs/AcctSvcrRef")),
            end_to_end_id=clean_reference(_text(detail, "Refs/EndToEndId")),
            mandate_id=clean_reference(_text(detail, "Refs/MndtId")),
            counterparty_name=name,
            counterparty_iban=iban,
            creditor_references=references,
            remittance=clean_text(text or _text(detail, "AddtlTxInf") or ("" if references else line.remittance)),
            bank_code=_bank_code(detail) or line.bank_code,
            charges=_charges(detail, line.currency) or line.charges,
            instructed_amount=Decimal((instructed.text or "").strip()) if instructed is not None and known else None,
            instructed_currency=instructed.get("Ccy", "") if instructed is not None and known else "",
        )

    def _counterparty(self, detail: etree._Element, credit: bool) -> tuple[str, str]:
        """The other side: who paid us on a credit, whom we paid on a debit; the opposite where that is ourselves."""
        sides = ("Dbtr", "Cdtr") if credit else ("Cdtr", "Dbtr")
        for side in sides:
            account = _account(detail.find(f"RltdPties/{side}Acct"))
            name = _party(detail, side) or _party(detail, f"Ultmt{side}")
            account_is_own = bool(account) and alphanumeric(account) == alphanumeric(self.account)
            if (name or account) and not account_is_own:
                return name, alphanumeric(account)
        return "", ""


def _party(detail: etree._Element, role: str) -> str:
    return clean_text(_text(detail, f"RltdPties/{role}/Pty/Nm") or _text(detail, f"RltdPties/{role}/Nm"), 140)


def _references(remittance: etree._Element | None) -> tuple[str, ...]:
    found: list[str] = []
    if remittance is not None:
        for path in ("Strd/CdtrRefInf/Ref", "Strd/CdtrRefInf/CdtrRef"):
            found.extend(clean_reference(element.text) for element in remittance.iterfind(path))
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _bank_code(element: etree._Element) -> str:
    domain = element.find("BkTxCd/Domn")
    if domain is not None:
        codes = [_text(domain, path) for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
        return clean_text("/".join(code for code in codes if code), 35)
    return clean_text(_text(element, "BkTxCd/Prtry/Cd"), 35)


def _batch(element: etree._Element | None) -> Batch | None:
    if element is None:
        return None
    count = _text(element, "NbOfTxs")
    return Batch(
        message_id=clean_text(_text(element, "MsgId"), 35),
        payment_information_id=clean_text(_text(element, "PmtInfId"), 35),
        count=int(count) if re.fullmatch(r"[0-9]{1,9}", count) else 0,
    )


def _charges(element: etree._Element, currency: str) -> Decimal:
    """Charges in the currency of the account that the bank names; 0 where there are none."""
    total = element.find("Chrgs/TtlChrgsAndTaxAmt")
    named = [total] if total is not None else element.findall("Chrgs/Rcrd/Amt") or element.findall("Chrgs/Amt")
    texts = [(amount.text or "").strip() for amount in named if amount.get("Ccy") == currency]
    return sum((Decimal(text) for text in texts if _AMOUNT.fullmatch(text)), Decimal(0))
