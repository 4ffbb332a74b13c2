"""What stands in the `:86:` field of MT940: remittance text and counterparty, in the notations of the banks.

Four notations are told apart: numbered subfields (`166?00…?20EREF+…?32NAME`; Germany, Austria, Poland), slash codes
(`/EREF/…/NAME/…/REMI/…`; SWIFT, the Netherlands, Nordics), labelled text (`REK: … /NAAM: …`) and free text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from cashline.flow.receive.bank.rules.statement import alphanumeric, clean_reference, clean_text, is_iban

_WRAP = 65
"""Width at which banks break the lines of `:86:`; a full line runs on without a space."""

_NUMBERED = re.compile(r"\s*(\d{3})?([?~^<>@|])(?=\d{2})")
_LABELS = "EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|PURP|RREF|BREF|IBAN|BIC|ANAM|MTLG"
_SEPA_LABEL = re.compile(rf"(?:^|(?<=[\s\x1f]))({_LABELS})[+:][\s\x1f]*")
_LABEL_FIRST = re.compile(rf"({_LABELS})[+:]")
_SLASH_CODES = (
    "EREF|BENM|ORDP|REMI|NAME|IBAN|BIC|TRTP|CNTP|MARF|CSID|PREF|RTRN|ISDT|ID|ADDR|CITY|CREF|ACCT|USTD|STRD|CDTRREF|"
    "CDTRREFTP|ULTC|ULTD|ULTB|PURP|OCMT|EXCH|IREF|KREF|SVCL|NRTX|BATCHID|PMTINFID|INFO|CHGS|ACCW|BUSP|RREF|REF"
)
_SLASH = re.compile(rf"/({_SLASH_CODES})/")
_LABEL = re.compile(
    r"\b(REK|REKENING|NAAM|NAME|IBAN|KONTO|ACCOUNT|Z RACH|NA RACH|OD|DLA|TYT|TNR|EREF|OMSCHRIJVING|REMIT|NAZWA)"
    r" ?\.? ?: ?",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b([A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?)\b")
_CREDITOR_REFERENCE = re.compile(r"\bRF\d{2}(?: ?[0-9A-Z]{1,4}){1,6}\b")


@dataclass(frozen=True, slots=True)
class Details:
    """What one `:86:` or `:NS:` field says; `keeps` where it adds to the text that was read before."""

    remittance: str = ""
    name: str = ""
    iban: str = ""
    end_to_end_id: str = ""
    mandate_id: str = ""
    creditor_references: tuple[str, ...] = ()
    code: str = ""
    keeps: bool = False


def read_details(lines: Sequence[str], *, own_account: str, is_non_swift: bool = False) -> Details:
    """Read the lines of one field. `own_account` is never taken for the counterparty."""
    if is_non_swift:
        return _non_swift(lines)
    joined = "".join(lines)
    numbered = _NUMBERED.match(joined)
    if numbered:
        return _numbered(joined[numbered.end() :], numbered.group(2), numbered.group(1) or "")
    text = _unwrap(lines)
    if _SLASH.search(text):
        return _slashed(clean_text("".join(lines)), own_account)
    if re.match(r"\d{3}PN\d{4}", joined):
        return Details(remittance=clean_text(text[9:]), code=joined[:3])
    return _labelled(text, own_account)


def _unwrap(lines: Sequence[str]) -> str:
    """The lines as running text: a line that fills the width continues in the next one without a space."""
    text = ""
    for line in lines:
        text += line if len(line) >= _WRAP else f"{line} "
    return clean_text(text)


def _numbered(body: str, separator: str, code: str) -> Details:
    subfields: dict[str, str] = {}
    for part in body.split(separator):
        if re.match(r"\d{2}", part):
            subfields[part[:2]] = subfields.get(part[:2], "") + part[2:]
        elif subfields:
            last = next(reversed(subfields))
            subfields[last] += separator + part
    keys = [f"{number:02}" for number in (*range(20, 30), *range(60, 64))]
    values = (subfields.get(key, "") for key in keys)
    purpose = "".join(f"\x1f{value}" if _LABEL_FIRST.match(value) else value for value in values)
    labels = _sepa_labels(purpose)
    text = labels.get("SVWZ") or labels.get("") or labels.get("MTLG", "")
    account = alphanumeric(subfields.get("31", "")) or alphanumeric(subfields.get("38", "")) or labels.get("IBAN", "")
    name = clean_text(subfields.get("32", "") + subfields.get("33", ""), 140)
    return Details(
        remittance=clean_text(" ".join(part for part in (text, labels.get("ABWA", "")) if part)),
        name=name,
        iban=alphanumeric(account),
        end_to_end_id=clean_reference(labels.get("EREF")),
        mandate_id=clean_reference(labels.get("MREF")),
        creditor_references=_creditor_references(text),
        code=code,
    )


def _sepa_labels(purpose: str) -> dict[str, str]:
    """The values of SVWZ+, EREF+ and the like; the text before the first label stands under the empty key."""
    found: dict[str, str] = {}
    label, start = "", 0
    for match in _SEPA_LABEL.finditer(purpose):
        found.setdefault(label, clean_text(purpose[start : match.start()]))
        label, start = match.group(1), match.end()
    found.setdefault(label, clean_text(purpose[start:]))
    return found


def _slashed(text: str, own_account: str) -> Details:
    """Slash codes; `/BENM//NAME/X` and `/CNTP/iban/bic/name/city/` are the two shapes of the counterparty."""
    found: dict[str, str] = {}
    matches = list(_SLASH.finditer(text))
    for match, following in zip_longest(matches, matches[1:]):
        end = following.start() if following else len(text)
        found.setdefault(match.group(1), text[match.end() : end].strip("/ "))
    party = [part.strip() for part in found.get("CNTP", "").split("/")]
    iban = alphanumeric(found.get("IBAN", "") or found.get("ACCT", "") or (party[0] if party else ""))
    name = found.get("NAME", "") or (party[2] if len(party) > 2 else "")
    structured = found.get("STRD", "")
    reference = structured.rpartition("/")[2] or found.get("CDTRREF", "")
    text_parts = [found.get(code, "") for code in ("REMI", "USTD", "INFO")]
    remittance = clean_text(" ".join(part for part in text_parts if part))
    references = (clean_reference(reference),) if clean_reference(reference) else _creditor_references(remittance)
    return Details(
        remittance=remittance,
        name=clean_text(name, 140),
        iban=iban if iban != alphanumeric(own_account) else "",
        end_to_end_id=clean_reference(found.get("EREF")),
        mandate_id=clean_reference(found.get("MARF")),
        creditor_references=references,
    )


def _labelled(text: str, own_account: str) -> Details:
    matches = list(_LABEL.finditer(text))
    found: dict[str, str] = {}
    for match, following in zip_longest(matches, matches[1:]):
        end = following.start() if following else len(text)
        found.setdefault(match.group(1).upper(), text[match.end() : end].strip(" ;/,"))
    name = _first(found, ("NAAM", "NAME", "NAZWA", "OD", "DLA"))
    account = alphanumeric(_first(found, ("REK", "REKENING", "IBAN", "KONTO", "ACCOUNT", "Z RACH", "NA RACH")))
    purpose = _first(found, ("TYT", "OMSCHRIJVING", "REMIT"))
    before = text[: matches[0].start()] if matches and (name or account) else ""
    iban = account if len(account) >= 8 else ""
    if not iban:
        iban = next((each for each in ibans_in(text) if each != alphanumeric(own_account)), "")
    return Details(
        remittance=clean_text(purpose or before or text),
        name=clean_text(name, 140),
        iban=iban,
        end_to_end_id=clean_reference(found.get("EREF")),
        creditor_references=_creditor_references(text),
    )


def _first(found: Mapping[str, str], labels: Sequence[str]) -> str:
    return next((found[label] for label in labels if found.get(label)), "")


def ibans_in(text: str) -> tuple[str, ...]:
    """The valid IBANs in a text, in their order, without spaces."""
    found: list[str] = []
    for match in _IBAN.finditer(text.upper()):
        compact = alphanumeric(match.group(1))
        for end in range(len(compact), 14, -1):
            if is_iban(compact[:end]):
                found.append(compact[:end])
                break
    return tuple(dict.fromkeys(found))


def _creditor_references(text: str) -> tuple[str, ...]:
    """ISO 11649 references (RF…) in a text, with valid check digits."""
    found: list[str] = []
    for match in _CREDITOR_REFERENCE.finditer(text.upper()):
        compact = alphanumeric(match.group())
        for end in range(min(len(compact), 25), 4, -1):
            turned = compact[4:end] + compact[:4]
            if int("".join(str(int(character, 36)) for character in turned)) % 97 == 1:
                found.append(compact[:end])
                break
    return tuple(dict.fromkeys(found))


def _non_swift(lines: Sequence[str]) -> Details:
    """The `:NS:` extension: subfields 01 to 14 are the purpose, 15 and 16 the counterparty."""
    subfields = {line[:2]: line[2:].strip() for line in lines if re.match(r"\d{2}", line)}
    purpose = " ".join(subfields[key] for key in sorted(subfields) if "01" <= key <= "14")
    name = " ".join(subfields[key] for key in ("15", "16") if subfields.get(key))
    return Details(remittance=clean_text(purpose), name=clean_text(name, 140), keeps=True)
