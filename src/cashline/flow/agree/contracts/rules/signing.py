"""Signing: who is asked, what is kept as evidence, and when an agreement is whole.

The level is that of a simple electronic signature (eIDAS Art. 3(10)): a personal link, the words of consent, and a
record of who signed what, when and from where; the company's seal then makes any later change visible.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.kernel.spelling import without_marks

MAX_SIGNERS = 20


class DocumentChanged(Conflict):
    """The document is not the one that was sent for signature."""

    code = "document_changed"


class ConsentMissing(Refusal):
    """A signature needs the consent of the signer, in words."""

    code = "consent_missing"


@dataclass(frozen=True, slots=True)
class Signer:
    """A person asked to sign for the customer."""

    name: str
    email: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """From where somebody opened the document; `channel` is the door, and who held it where that was not the signer."""

    ip_address: str = ""
    user_agent: str = ""
    channel: str = "link"


@dataclass(frozen=True, slots=True)
class SignatureGiven:
    """What the signer typed and agreed to, and from where."""

    typed_name: str
    consent: str
    visit: Visit


def signer_errors(signers: Sequence[Signer]) -> Iterator[Refusal]:
    """Everything that is wrong with who is asked to sign."""
    if not 1 <= len(signers) <= MAX_SIGNERS:
        yield InvalidValue(f"A contract is signed by 1 to {MAX_SIGNERS} persons.", field="signers")
    seen: set[str] = set()
    for index, signer in enumerate(signers):
        if not signer.name.strip() or len(signer.name) > 200:
            yield InvalidValue("A signer has a name of 1 to 200 characters.", field=f"signers.{index}.name")
        email = signer.email.strip().lower()
        if "@" not in email[1:-1] or " " in email or len(email) > 254:
            yield InvalidValue(f"{signer.email[:64]!r} is no e-mail address.", field=f"signers.{index}.email")
        elif email in seen:
            yield InvalidValue(f"{email} stands twice.", field=f"signers.{index}.email")
        seen.add(email)
        if len(signer.title) > 200:
            yield InvalidValue("A position has 200 characters at most.", field=f"signers.{index}.title")


def check_given(given: SignatureGiven) -> None:
    """Refuse a signature without a name or without consent."""
    if not given.typed_name.strip() or len(given.typed_name) > 200:
        raise InvalidValue("Type your name to sign.", field="typed_name")
    if not given.consent.strip():
        raise ConsentMissing("Agree to sign electronically.", field="consent")


def check_typed_name(typed: str, signer: str) -> None:
    """Refuse a name that is not the signer's: it holds the surname, or the same words; case and accents are free."""
    if not is_name_of(typed, signer):
        raise InvalidValue(f"This is to be signed by {signer}: type that name to sign.", field="typed_name")


def is_name_of(typed: str, person: str) -> bool:
    """Is what was typed that person's name: their surname or the same words, whatever the case and the accents?"""
    wanted, given = _name_words(person), _name_words(typed)
    return sorted(given) == sorted(wanted) or bool(wanted and wanted[-1] in given)


def _name_words(name: str) -> list[str]:
    """The words of a name without case, accents and punctuation; the surname last."""
    surname, comma, rest = name.partition(",")
    plain = without_marks(f"{rest} {surname}" if comma else name)
    return re.findall(r"\w+", plain.casefold())
