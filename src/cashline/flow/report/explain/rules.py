"""Rules of explain: the answer to why an amount is what it is, down to the documents it was made from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.identifiers import PREFIXES, key_of
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound
from cashline.kernel.telling import tell

EXPLAINED = (
    "quote_line",
    "invoice",
    "invoice_line",
    "credit_note",
    "obligation",
    "revenue_posting",
    "arrangement_posting",
    "journal_entry",
    "book_entry",
)
"""The kinds of things whose amount can be explained."""
_KINDS = {PREFIXES[kind]: kind for kind in EXPLAINED}


@dataclass(frozen=True, slots=True)
class Source:
    """A document or fact that an amount was made from. `kind` is a type of object.

    `seen_at` is the document whose page shows it, where it has none of its own.
    """

    kind: str
    id: UUID
    label: str
    seen_at: tuple[str, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """An amount with its derivation and its sources; `also` are further amounts of the same document."""

    kind: str
    id: UUID
    title: str
    currency: str
    amount: Decimal
    derivation: Derivation
    sources: tuple[Source, ...] = ()
    also: tuple[tuple[str, Derivation], ...] = ()
    period: Period | None = None

    @property
    def sound(self) -> bool:
        """Does every recorded formula give its result, and the derivation the amount?"""
        return self.derivation.result == self.amount and not self.derivation.breaks()

    def words(self, locale: str = "en") -> str:
        """The amount in a plain sentence."""
        period = {"start": self.period.start, "end": self.period.last_day} if self.period else {}
        return tell(self.derivation, self.currency, locale, **period)

    def steps(self, locale: str = "en") -> Iterator[str]:
        """The amounts that it was made of, each in a sentence, from the last to the first."""
        waiting = list(self.derivation.parts)
        while waiting:
            one = waiting.pop(0)
            yield tell(one, self.currency, locale)
            waiting = [*one.parts, *waiting]


def read_id(text: str) -> tuple[str, UUID]:
    """The kind and key of a public id that can be explained; raises NotFound."""
    prefix = text.partition("_")[0]
    if prefix not in _KINDS:
        told = ", ".join(kind.replace("_", " ") for kind in EXPLAINED)
        raise NotFound(f"Nothing is explained by the id {text[:64]!r}; it can be that of a {told}.", field="id")
    return _KINDS[prefix], key_of(_KINDS[prefix], text)


def total_of(rule: str, parts: Sequence[tuple[str, Sequence[Derivation]]], note: str = "") -> Derivation:
    """The derivation of an amount that is the sum of groups of others, such as lines and taxes."""
    inputs: dict[str, Input] = {name: [part.result for part in group] for name, group in parts}
    result = sum((part.result for _, group in parts for part in group), Decimal(0))
    formula = " + ".join(f"sum({name})" for name, _ in parts)
    return Derivation(rule, 1, inputs, formula, result, note, tuple(part for _, group in parts for part in group))


type EntryLine = tuple[str, Decimal, tuple[Derivation, ...]]
"""A line of a journal entry: its account in words, its amount (debit positive), and what that was made of."""


def debits_of(lines: Sequence[EntryLine], note: str = "") -> Derivation:
    """The derivation of what an entry debits in all."""
    return _side("debits", lines, note)


def credits_of(lines: Sequence[EntryLine]) -> Derivation:
    """The derivation of what an entry credits in all."""
    return _side("credits", [(account, -amount, parts) for account, amount, parts in lines])


def _side(name: str, lines: Sequence[EntryLine], note: str = "") -> Derivation:
    found = [
        Derivation("ledger.line", 1, {"amount": amount}, "amount", amount, account, parts)
        for account, amount, parts in lines
        if amount > 0
    ]
    return total_of("ledger.entry", [(name, found)], note)


def what_is_left(gross: Decimal, taken: Mapping[str, Decimal]) -> Derivation:
    """The derivation of an open amount: gross less what was credited, paid and written off."""
    inputs: dict[str, Input] = {"gross": gross, **taken}
    formula = " - ".join(["gross", *taken])
    return Derivation("invoices.open_amount", 1, inputs, formula, gross - sum(taken.values(), Decimal(0)))
