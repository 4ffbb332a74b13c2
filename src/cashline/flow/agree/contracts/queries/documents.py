"""The contract as a document: as it is sent for signature, and with the page of evidence once all have signed."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from cashline.flow.agree.contracts.queries import AgreementRow, term_lines
from cashline.flow.agree.contracts.queries.signatures import SignatureRow, signing_token
from cashline.flow.agree.contracts.rules import SignatureStatus, TermLine
from cashline.flow.agree.contracts.rules.wording import ContractWords, contract_words
from cashline.flow.agree.customers.queries import CustomerRow, addresses_of, customer
from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.flow.agree.quotes.queries.documents import period_word, recipient
from cashline.flow.agree.quotes.rules.wording import quote_words
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.documents.letterheads import brand_of
from cashline.platform.documents.papers import (
    Clause,
    ContractPaper,
    Evidence,
    EvidenceEvent,
    EvidenceSigner,
    PaperLine,
    PaperParty,
    PaperSignature,
)
from cashline.platform.documents.typesetting import render
from cashline.platform.documents.wording import wording_for
from cashline.platform.events.queries import timeline


def sign_url(signature_id: SignatureRow) -> str:
    """The personal address at which a signer reads and signs."""
    return f"{settings.PUBLIC_URL}/sign/{signing_token(signature_id.id)}/"


def contract_pdf(
    row: AgreementRow, signatures: Sequence[SignatureRow], *, now: datetime, fingerprint: str = ""
) -> bytes:
    """The PDF of a contract; with a fingerprint, the hash of what was signed, also the evidence of the signatures."""
    paper = contract_paper(row, signatures, now=now, fingerprint=fingerprint)
    return render("contract", paper.data(), timestamp=now, files=paper.files())


def contract_paper(
    row: AgreementRow, signatures: Sequence[SignatureRow], *, now: datetime, fingerprint: str = ""
) -> ContractPaper:
    """What stands in the contract, in the customer's language."""
    buyer = customer(row.customer_id)
    entity = entities_by_id([row.entity_id])[row.entity_id]
    words, wording = contract_words(buyer.locale), wording_for(buyer.locale)
    return ContractPaper(
        brand=brand_of(entity, buyer.locale),
        locale=buyer.locale,
        currency=row.currency,
        number=row.number,
        title=row.title or wording.word("contract"),
        parties=_parties(entity, buyer, signatures, words),
        clauses=_clauses(row, words),
        lines=_lines(term_lines(agreement_ids=[row.id]), row.currency, buyer.locale),
        sums=(("net_total", row.net_total),),
        signatures=_places(entity, buyer, signatures, words, now if fingerprint else None),
        highlights=(
            (words.value, wording.money(row.net_total, row.currency)),
            (words.starts_on, wording.long_date(row.starts_on)),
            (words.payment, words.days.format(days=row.payment_terms_days)),
        ),
        preamble=words.preamble,
        evidence=_evidence(row, buyer, signatures, words, fingerprint) if fingerprint else None,
        zone=entity.timezone,
    )


def _parties(
    entity: Entity, buyer: CustomerRow, signatures: Sequence[SignatureRow], words: ContractWords
) -> tuple[PaperParty, ...]:
    address = recipient(buyer, addresses_of([buyer.id])[buyer.id]).address
    names = ", ".join(signature.signer_name for signature in signatures)
    return (
        PaperParty(words.provider, entity.name, tuple(brand_of(entity, buyer.locale).address)),
        PaperParty(words.customer, buyer.name, (*address, words.represented_by.format(names=names))),
    )


def _clauses(row: AgreementRow, words: ContractWords) -> tuple[Clause, ...]:
    clauses = [
        Clause(heading, tuple(part.format(days=row.payment_terms_days) for part in parts))
        for heading, parts in words.clauses
    ]
    special = tuple(part.strip() for part in row.terms.split("\n") if part.strip())
    return (*clauses, Clause(words.special, special)) if special else tuple(clauses)


def _lines(lines: Sequence[TermLine], currency: str, locale: str) -> tuple[PaperLine, ...]:
    words, wording = quote_words(locale), wording_for(locale)
    made = []
    for line in sorted(lines, key=lambda line: (line.interval_months, line.line_no)):
        detail = [words.term.format(months=line.term_months)] if line.term_months else []
        if line.unit_price != line.stand_alone_price:
            detail.append(f"{words.list_price} {wording.money(line.stand_alone_price, currency)}")
        if (given := price_with_tax(line.unit_price, line.included_tax_rate)) is not None:
            detail.append(words.each_with_tax.format(price=wording.money(given, currency)))
        made.append(
            PaperLine(
                title=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                net=line.net_total,
                detail="\n".join(detail),
                group=period_word(line.interval_months, locale),
            )
        )
    return tuple(made)


def _places(
    entity: Entity,
    buyer: CustomerRow,
    signatures: Sequence[SignatureRow],
    words: ContractWords,
    sealed_at: datetime | None,
) -> tuple[PaperSignature, ...]:
    provider = PaperSignature(entity.name, entity.name if sealed_at else "", words.sealed, sealed_at)
    return (
        provider,
        *(
            PaperSignature(
                buyer.name,
                str(one.evidence.get("typed_name") or one.signer_name),
                one.signer_title,
                one.signed_at,
            )
            for one in signatures
        ),
    )


def _evidence(
    row: AgreementRow,
    buyer: CustomerRow,
    signatures: Sequence[SignatureRow],
    words: ContractWords,
    fingerprint: str,
) -> Evidence:
    signers = tuple(
        EvidenceSigner(
            name=one.signer_name,
            party=buyer.name,
            signed_at=one.signed_at,
            facts=(
                (words.email, one.signer_email),
                (words.typed_name, str(one.evidence.get("typed_name", ""))),
                ("ip_address", str(one.evidence.get("ip_address", ""))),
                (words.browser, str(one.evidence.get("user_agent", ""))),
                (words.method, _method(words, one)),
                (words.consent, str(one.evidence.get("consent", ""))),
            ),
        )
        for one in signatures
        if one.status == SignatureStatus.SIGNED and one.signed_at is not None
    )
    return Evidence(fingerprint, signers, _trail(row, signatures, words))


def _method(words: ContractWords, signature: SignatureRow) -> str:
    """How it was signed; a program that handed the signature in is named."""
    channel = str(signature.evidence.get("channel", "link"))
    return words.method_text if channel in ("link", "portal") else f"{words.method_text}; {channel}"


def _trail(row: AgreementRow, signatures: Sequence[SignatureRow], words: ContractWords) -> tuple[EvidenceEvent, ...]:
    """What happened to this round of signatures, oldest first, as the event log has it."""
    ours = {one.id: one.signer_name for one in signatures}
    texts = {"SignatureRequested": words.sent, "SignatureViewed": words.viewed, "SignatureGiven": words.signed}
    found = []
    for event in timeline([row.id], limit=1000):
        names = [ours[key] for key in event.object_ids if key in ours]
        if event.type in texts and names:
            address = str(event.data.get("ip_address", ""))
            found.append(EvidenceEvent(event.time, texts[event.type].format(name=names[0]), address))
    return tuple(found)
