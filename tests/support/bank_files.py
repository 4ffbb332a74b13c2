"""Statement files as a bank would send them: camt.053, camt.052, camt.054 and MT940 over given entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from tests.support.world import TODAY

BERLIN = "DE02120300000000202051"
"""The account that the German entity of the shared world names as its own."""
PAYER = "NL91ABNA0417164300"
_BLOCKS = {
    "053": ("BkToCstmrStmt", "Stmt"),
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking; negative is money out. `parts` are the transactions of a batch, as (amount, text)."""

    amount: str
    text: str = ""
    name: str = "Payer B.V."
    iban: str = PAYER
    reference: str = ""
    end_to_end_id: str = ""
    charges: str = ""
    day: date = TODAY
    parts: Sequence[tuple[str, str]] = ()


def camt(
    *entries: Entry,
    opening: str = "1000.00",
    account: str = BERLIN,
    number: str = "1",
    currency: str = "EUR",
    message: str = "053",
    day: date = TODAY,
) -> bytes:
    """One statement (053), report (052) or notification (054) over the entries."""
    block = statement(
        *entries, opening=opening, account=account, number=number, currency=currency, message=message, day=day
    )
    return camt_of(block, message=message)


def camt_of(*statements: str, message: str = "053") -> bytes:
    """A file of several statements."""
    root, _ = _BLOCKS[message]
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.08"
    head = f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{namespace}">'
    return f"{head}<{root}>{''.join(statements)}</{root}></Document>".encode()


def statement(
    *entries: Entry,
    opening: str = "1000.00",
    account: str = BERLIN,
    number: str = "1",
    currency: str = "EUR",
    message: str = "053",
    day: date = TODAY,
) -> str:
    """The block of one statement."""
    _, block = _BLOCKS[message]
    closing = Decimal(opening) + sum(Decimal(entry.amount) for entry in entries)
    balances = _balance("OPBD", Decimal(opening), currency, day) + _balance("CLBD", closing, currency, day)
    return (
        f"<{block}><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{day}T23:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{'' if message == '054' else balances}{''.join(_entry(entry, currency) for entry in entries)}</{block}>"
    )


def _balance(code: str, amount: Decimal, currency: str, day: date) -> str:
    side = "DBIT" if amount < 0 else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'
    )


def _entry(entry: Entry, currency: str) -> str:
    amount, side = entry.amount.lstrip("-"), "DBIT" if entry.amount.startswith("-") else "CRDT"
    reference = f"<AcctSvcrRef>{entry.reference}</AcctSvcrRef>" if entry.reference else ""
    parts = entry.parts or [("", entry.text)]
    details = "".join(_transaction(entry, part, text, currency) for part, text in parts)
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{entry.day}</Dt></BookgDt><ValDt><Dt>{entry.day}</Dt></ValDt>{reference}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _transaction(entry: Entry, amount: str, text: str, currency: str) -> str:
    end_to_end = f"<Refs><EndToEndId>{entry.end_to_end_id}</EndToEndId></Refs>" if entry.end_to_end_id else ""
    money = f'<Amt Ccy="{currency}">{amount}</Amt>' if amount else ""
    charges = f'<Chrgs><Rcrd><Amt Ccy="{currency}">{entry.charges}</Amt></Rcrd></Chrgs>' if entry.charges else ""
    return (
        f"<TxDtls>{end_to_end}{money}{charges}<RltdPties><Dbtr><Pty><Nm>{escape(entry.name)}</Nm></Pty></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{entry.iban}</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls>"
    )


def mt940(
    *entries: Entry, opening: str = "1000.00", account: str = BERLIN, number: str = "1", day: date = TODAY
) -> bytes:
    """The same as an MT940 of a German bank."""
    closing = Decimal(opening) + sum(Decimal(entry.amount) for entry in entries)
    lines = [":20:STARTUMS", f":25:{account}", f":28C:{number}/1", f":60F:{_mt_balance(Decimal(opening), day)}"]
    for entry in entries:
        sign = "D" if entry.amount.startswith("-") else "C"
        money = entry.amount.lstrip("-").replace(".", ",")
        reference = f"//{entry.reference}" if entry.reference else ""
        lines.append(f":61:{entry.day:%y%m%d}{entry.day:%m%d}{sign}{money}NTRFNONREF{reference}")
        lines.append(
            f":86:166?00UEBERWEISUNG?20{entry.text[:27]}?21{entry.text[27:54]}?31{entry.iban}?32{entry.name[:27]}"
        )
    lines += [f":62F:{_mt_balance(closing, day)}", "-"]
    return "\r\n".join(lines).encode()


def _mt_balance(amount: Decimal, day: date) -> str:
    return f"{'D' if amount < 0 else 'C'}{day:%y%m%d}EUR{abs(amount)}".replace(".", ",")
