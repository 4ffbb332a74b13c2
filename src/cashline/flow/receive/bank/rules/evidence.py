"""What a payment says about itself: the open items that its text names, and the customers who may have sent it."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cashline.flow.receive.bank.rules.match_plan import MatchRule
from cashline.flow.receive.bank.rules.open_items import OpenItemIndex
from cashline.flow.receive.bank.rules.references import (
    ScannedText,
    digit_words,
    find_keys,
    fold,
    scan,
    slips,
    structured_keys,
    words_like_numbers,
)
from cashline.flow.receive.bank.rules.statement import StatementLine, alphanumeric


class Payer(StrEnum):
    """How the payer is known."""

    ACCOUNT = "account"
    NAME = "name"
    SIMILAR = "similar"
    UNKNOWN = "unknown"


_NOBODY = object()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a line says: items it names by rule, what looks like a number, and its likely customers.

    `misspelt` are the open items of exactly this amount one slip away from what it names; `unknown_numbers` the words
    that look like an invoice number of which none is open.
    """

    named: dict[MatchRule, tuple[int, ...]]
    misspelt: tuple[int, ...]
    unknown_numbers: tuple[str, ...]
    payer: Payer
    customers: tuple[Hashable, ...]


def read_evidence(index: OpenItemIndex, line: StatementLine) -> Evidence:
    """Find the items that a line names, and who may have paid."""
    text = scan(" | ".join((*line.creditor_references, line.remittance, line.end_to_end_id)))
    found = find_keys(text, index.by_number, index.number_lengths)
    strong = [position for positions in found.values() for position in positions]
    for reference in line.creditor_references:
        for key in structured_keys(reference):
            strong += index.by_reference.get(key, ())
            strong += index.by_number.get(fold(key), ())
            strong += index.by_digits.get(key, ())
    strong = _open(index, strong)
    payer, customers = _payer(index, line)
    named = {MatchRule.REFERENCE: strong}
    words = words_like_numbers(text, index.prefixes)
    if not strong:
        named[MatchRule.PARTIAL_NUMBER] = _partly_named(index, line, text, customers)
    return Evidence(
        {rule: tuple(positions) for rule, positions in named.items() if positions},
        tuple(_misspelt(index, line, words)),
        tuple(word for word in words if word not in found),
        payer,
        customers,
    )


def _open(index: OpenItemIndex, positions: Iterable[int]) -> list[int]:
    return [position for position in dict.fromkeys(positions) if index.left[position]]


def _partly_named(
    index: OpenItemIndex, line: StatementLine, text: ScannedText, customers: Sequence[Hashable]
) -> list[int]:
    """Items named by their digits alone, or by their last digits where the payer is their customer."""
    digits = find_keys(text, index.by_digits, index.digits_lengths)
    found = _open(index, (position for positions in digits.values() for position in positions))
    if found:
        return found
    tails = {word.lstrip("0") for word in digit_words(line.remittance)}
    candidates = _open(index, (position for tail in tails for position in index.by_tail.get(tail, ())))
    return [
        position
        for position in candidates
        if index.items[position].customer_id in customers and index.left[position] <= line.amount
    ]


def _misspelt(index: OpenItemIndex, line: StatementLine, words: Sequence[str]) -> list[int]:
    """Items whose number is one slip away from a word of the text and whose open amount is the payment."""
    found: list[int] = []
    for word in words[:3]:
        prefix = next((each for each in index.prefixes if word.startswith(each)), "")
        payer = index.settled.get(word, _NOBODY)
        near = (place for candidate in slips(word, len(prefix)) for place in index.by_number.get(candidate, ()))
        found += [place for place in near if index.items[place].customer_id != payer]
    return [position for position in _open(index, found) if index.left[position] == line.amount]


def _payer(index: OpenItemIndex, line: StatementLine) -> tuple[Payer, tuple[Hashable, ...]]:
    customers = index.by_iban.get(alphanumeric(line.counterparty_iban), ()) if line.counterparty_iban else ()
    if customers:
        return Payer.ACCOUNT, tuple(sorted(customers, key=str))
    similar = index.similar_names(line.counterparty_name) if line.counterparty_name else []
    if not similar:
        return Payer.UNKNOWN, ()
    best = similar[0][0]
    named = {customer for likeness, key in similar if likeness == best for customer in index.by_name[key]}
    return (Payer.NAME if best == 100 else Payer.SIMILAR), tuple(sorted(named, key=str))
