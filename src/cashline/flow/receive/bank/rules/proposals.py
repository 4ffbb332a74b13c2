"""How a payment may be applied: proposals from what its text names, and from who paid how much.

Confidence comes from two tables: how surely the items are named, how well the amount fits, and whether the payer is
known to be the customer.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

from cashline.flow.receive.bank.rules.evidence import Evidence, Payer
from cashline.flow.receive.bank.rules.match_plan import (
    MatchRule,
    MatchSettings,
    Proposal,
    ProposedAllocation,
    WriteOffReason,
)
from cashline.flow.receive.bank.rules.open_items import OpenItem, OpenItemIndex
from cashline.flow.receive.bank.rules.references import fold
from cashline.flow.receive.bank.rules.statement import StatementLine
from cashline.flow.receive.bank.rules.subset_sum import find_subsets


class Fit(StrEnum):
    """How the amount stands to what is open on the items."""

    EXACT = "exact"
    EXPLAINED = "explained"
    TOLERATED = "tolerated"
    SHORT = "short"
    OVER = "over"


# Confidence where the payer is the customer, unknown, or known to be someone else.
_NAMED: dict[tuple[MatchRule, Fit], tuple[int, int, int]] = {
    (MatchRule.REFERENCE, Fit.EXACT): (99, 98, 94),
    (MatchRule.REFERENCE, Fit.EXPLAINED): (98, 96, 92),
    (MatchRule.REFERENCE, Fit.TOLERATED): (97, 96, 90),
    (MatchRule.REFERENCE, Fit.SHORT): (95, 90, 80),
    (MatchRule.REFERENCE, Fit.OVER): (95, 90, 80),
    (MatchRule.PARTIAL_NUMBER, Fit.EXACT): (97, 88, 75),
    (MatchRule.PARTIAL_NUMBER, Fit.EXPLAINED): (95, 80, 60),
    (MatchRule.PARTIAL_NUMBER, Fit.TOLERATED): (93, 75, 50),
    (MatchRule.PARTIAL_NUMBER, Fit.SHORT): (80, 45, 20),
    (MatchRule.PARTIAL_NUMBER, Fit.OVER): (80, 45, 20),
    (MatchRule.MISSPELT_NUMBER, Fit.EXACT): (96, 88, 70),
    (MatchRule.MISSPELT_NUMBER, Fit.EXPLAINED): (92, 75, 50),
    (MatchRule.MISSPELT_NUMBER, Fit.TOLERATED): (90, 70, 45),
    (MatchRule.MISSPELT_NUMBER, Fit.SHORT): (60, 30, 10),
    (MatchRule.MISSPELT_NUMBER, Fit.OVER): (60, 30, 10),
}
_PAYER = {Payer.ACCOUNT: 96, Payer.NAME: 95, Payer.SIMILAR: 86, Payer.UNKNOWN: 50}
_SPOILT = 85
"""The most that a proposal is worth when the text names an invoice that is not open."""
_CONVINCING = 96
"""From here on nothing else is looked for than what the text names."""
_FEWEST_USEFUL = 20
_MANY_ITEMS = 500
_FIT_SENTENCES = {
    Fit.EXACT: "the amount is exactly what is open",
    Fit.EXPLAINED: "the difference is the early-payment discount, the bank's charges, or tax that is withheld",
    Fit.TOLERATED: "the difference is within the tolerance",
    Fit.SHORT: "it pays a part",
    Fit.OVER: "it is more than what is open; the rest stays on account",
}


@dataclass(frozen=True, slots=True)
class Proposer:
    """Makes proposals against what is left of the open items."""

    index: OpenItemIndex
    settings: MatchSettings

    def by_name(self, line: StatementLine, evidence: Evidence) -> list[Proposal]:
        """Proposals for the items that the text names; where they do not convince, for what may have been meant."""
        proposals: list[Proposal] = []
        for rule, positions in evidence.named.items():
            for group in self._alternatives(line, rule, positions):
                proposals += self._for_named(line, evidence, rule, group)
        sure = max((proposal.confidence for proposal in proposals), default=0)
        if sure < _CONVINCING:
            meant = [position for position in evidence.misspelt if self.index.left[position] == line.amount]
            proposals += [
                self._named_proposal(line, evidence, MatchRule.MISSPELT_NUMBER, (position,)) for position in meant
            ]
        if proposals and sure < _CONVINCING:
            exact = [self.equal_items(line, customer) for customer in evidence.customers[:5]]
            proposals += [
                _spoilt(proposal, self.index.items[positions[0]].number)
                for positions in evidence.named.values()
                for customer, found in zip(evidence.customers, exact, strict=False)
                if found
                for proposal in self._for_customer(line, evidence, customer, _PAYER[evidence.payer])
            ]
        return self._best(proposals)

    def _alternatives(self, line: StatementLine, rule: MatchRule, positions: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Different numbers go together; several items of one number, or of a garbled one, are alternatives."""
        if len(positions) == 1:
            return [positions]
        numbers = {fold(self.index.items[position].number) for position in positions}
        together = len(numbers) == len(positions) and rule is not MatchRule.MISSPELT_NUMBER
        if together and (rule is MatchRule.REFERENCE or self._fit(line, positions)[0] is Fit.EXACT):
            return [positions]
        return [(position,) for position in positions]

    def _for_named(
        self, line: StatementLine, evidence: Evidence, rule: MatchRule, group: tuple[int, ...]
    ) -> list[Proposal]:
        fit, _ = self._fit(line, group)
        proposals = [self._named_proposal(line, evidence, rule, group)]
        more = self._with_another(line, evidence, group) if fit is Fit.OVER and rule is MatchRule.REFERENCE else []
        if more:
            proposals = [*more, self._named_proposal(line, evidence, rule, group, worth=-15)]
        if fit is Fit.SHORT and len(group) > 1:
            exact = [position for position in group if self.index.left[position] == line.amount]
            proposals += [self._named_proposal(line, evidence, rule, (position,), worth=-6) for position in exact]
        return proposals

    def _with_another(self, line: StatementLine, evidence: Evidence, group: tuple[int, ...]) -> list[Proposal]:
        """The rest may pay one more invoice of the same customer to the cent."""
        rest = line.amount - sum((self.index.left[position] for position in group), Decimal(0))
        customer = self.index.items[group[0]].customer_id
        others = [
            position
            for position in self.index.open_of(customer)
            if position not in group and self.index.left[position] == rest
        ]
        return [
            self._named_proposal(line, evidence, MatchRule.REFERENCE, (*group, position), worth=-5)
            for position in others[:3]
        ]

    def _named_proposal(
        self, line: StatementLine, evidence: Evidence, rule: MatchRule, group: tuple[int, ...], worth: int = 0
    ) -> Proposal:
        items = [self.index.items[position] for position in group]
        customers = {item.customer_id for item in items}
        fit, _ = self._fit(line, group)
        agree, unknown, other = _NAMED[rule, fit]
        confidence = unknown
        if evidence.customers:
            confidence = agree if customers <= set(evidence.customers) else other
            if confidence == agree and evidence.payer is Payer.SIMILAR:
                confidence = (agree + unknown) // 2
        if fit is Fit.SHORT and len(group) > 1:
            confidence = min(confidence, 75)
        if fit in (Fit.SHORT, Fit.OVER) and any(self.equal_items(line, customer) for customer in customers):
            confidence = min(confidence, 80)
        if len(customers) > 1 and fit is not Fit.EXACT:
            confidence = min(confidence, 70)
        numbers = ", ".join(item.number for item in items)
        reasons = [f"{_RULE_SENTENCES[rule]} {numbers}", _FIT_SENTENCES[fit], _payer_sentence(evidence, items)]
        return self._proposal(line, rule, confidence + worth, group, reasons)

    def by_payer(self, line: StatementLine, evidence: Evidence) -> list[Proposal]:
        """Proposals for what the payer has open, and for any invoice of that amount."""
        proposals: list[Proposal] = []
        worth = _PAYER[evidence.payer] - (10 if len(evidence.customers) > 1 else 0)
        for customer in evidence.customers[:5]:
            proposals += self._for_customer(line, evidence, customer, worth)
        if not proposals:
            proposals += self._for_amount(line)
        if evidence.unknown_numbers:
            proposals = [_spoilt(proposal, evidence.unknown_numbers[0]) for proposal in proposals]
        return self._best(proposals)

    def equal_items(self, line: StatementLine, customer: Hashable) -> list[int]:
        """The customer's items of which exactly the amount of the line is open, oldest first."""
        return self.index.open_with(customer, line.amount)

    def _for_customer(self, line: StatementLine, evidence: Evidence, customer: Hashable, worth: int) -> list[Proposal]:
        by_account = evidence.payer is Payer.ACCOUNT
        single = MatchRule.ACCOUNT_AND_AMOUNT if by_account else MatchRule.NAME_AND_AMOUNT
        several = MatchRule.ACCOUNT_AND_SUM if by_account else MatchRule.NAME_AND_SUM
        items = self.index.open_of(customer)
        if not items:
            return []
        who = _payer_sentence(evidence, [self.index.items[items[0]]])
        fitting = self.equal_items(line, customer) or self._single(line, items, Fit.EXPLAINED)
        if fitting:
            confidence = worth if len(fitting) == 1 else worth - 25
            said = [
                who,
                _FIT_SENTENCES[Fit.EXACT] if len(fitting) == 1 else f"{len(fitting)} invoices have this amount",
            ]
            return [self._proposal(line, single, confidence, (position,), said) for position in fitting[:3]]
        found = self._sums(line, items)
        if found:
            return [
                self._proposal(line, several, worth - lost, group, [who, sentence]) for group, lost, sentence in found
            ]
        tolerated = self._single(line, items, Fit.TOLERATED)
        said = [who, _FIT_SENTENCES[Fit.TOLERATED]]
        if tolerated:
            lost = 10 if len(tolerated) == 1 else 30
            return [self._proposal(line, single, worth - lost, (position,), said) for position in tolerated[:3]]
        positive = tuple(position for position in items if self.index.left[position] > 0)
        said = [who, "no open amount or sum fits; the oldest invoices come first"]
        return [self._proposal(line, MatchRule.ON_ACCOUNT, worth - 45, positive, said)] if positive else []

    def _single(self, line: StatementLine, items: list[int], fit: Fit) -> list[int]:
        """The items of a customer, unless there are very many, that the amount fits in that way."""
        if len(items) > _MANY_ITEMS:
            return []
        return [position for position in items if self._fit(line, (position,))[0] is fit]

    def _sums(self, line: StatementLine, items: list[int]) -> list[tuple[tuple[int, ...], int, str]]:
        """Sums of several items with the confidence they lose: the whole balance, the oldest in a row, any subset."""
        running = list(accumulate(self.index.left[position] for position in items))
        if len(items) > 1 and running[-1] == line.amount:
            return [(tuple(items), 1, "it is the whole open balance")]
        oldest = [tuple(items[:count]) for count in range(2, len(items)) if running[count - 1] == line.amount]
        positive = [position for position in items if 0 < self.index.left[position] < line.amount]
        pool = positive[: self.settings.max_sum_items]
        amounts = [int(self.index.left[position].scaleb(4)) for position in pool]
        search = find_subsets(amounts, int(line.amount.scaleb(4)), max_steps=self.settings.max_sum_steps)
        sure = len(search.subsets) == 1 and search.is_complete and len(pool) == len(positive)
        sentence = "only these invoices sum to it" if sure else "these invoices sum to it, and others may too"
        found = [tuple(sorted(pool[place] for place in subset)) for subset in search.subsets]
        in_a_row = [
            (group, 1 if sure else 25, f"it is the sum of the {len(group)} oldest invoices") for group in oldest
        ]
        return in_a_row or [(group, 6 if sure else 35, sentence) for group in found]

    def _for_amount(self, line: StatementLine) -> list[Proposal]:
        candidates = self.index.by_amount.get(line.amount, ())[:50]
        same = [position for position in candidates if self.index.left[position] == line.amount]
        if not same or len(same) > 3:
            return []
        worth = _PAYER[Payer.UNKNOWN] if len(same) == 1 else 30
        sentence = "only this open invoice has the amount" if len(same) == 1 else f"{len(same)} open invoices have it"
        return [self._proposal(line, MatchRule.AMOUNT, worth, (position,), [sentence]) for position in same]

    def _fit(self, line: StatementLine, group: Sequence[int]) -> tuple[Fit, WriteOffReason | None]:
        total = sum((self.index.left[position] for position in group), Decimal(0))
        missing = total - line.amount
        if not missing:
            return Fit.EXACT, None
        if missing < 0:
            return Fit.OVER, None
        if missing == self._discount(line, group):
            return Fit.EXPLAINED, WriteOffReason.DISCOUNT
        if missing == sum((self._withheld_of(position) for position in group), Decimal(0)):
            return Fit.EXPLAINED, WriteOffReason.TAX_WITHHELD
        if missing == line.charges:
            return Fit.EXPLAINED, WriteOffReason.BANK_CHARGES
        if missing <= self.settings.tolerance(total):
            return Fit.TOLERATED, WriteOffReason.TOLERANCE
        return Fit.SHORT, None

    def _discount(self, line: StatementLine, group: Sequence[int]) -> Decimal:
        return sum((self._discount_of(line, position) for position in group), Decimal(0))

    def _discount_of(self, line: StatementLine, position: int) -> Decimal:
        item = self.index.items[position]
        untouched = self.index.left[position] == item.open_amount
        return item.discount_on(line.booking_date) if untouched else Decimal(0)

    def _withheld_of(self, position: int) -> Decimal:
        item = self.index.items[position]
        return item.withheld if self.index.left[position] == item.open_amount else Decimal(0)

    def _proposal(
        self, line: StatementLine, rule: MatchRule, confidence: int, group: Sequence[int], reasons: Sequence[str]
    ) -> Proposal:
        fit, why = self._fit(line, group)
        allocations = self._allocations(line, group, fit, why)
        used = sum((each.amount for each in allocations), Decimal(0))
        sentences = tuple(f"{sentence[0].upper()}{sentence[1:]}." for sentence in reasons if sentence)
        customer = self.index.items[group[0]].customer_id
        return Proposal(rule, max(0, min(100, confidence)), customer, allocations, line.amount - used, sentences)

    def _allocations(
        self, line: StatementLine, group: Sequence[int], fit: Fit, why: WriteOffReason | None
    ) -> tuple[ProposedAllocation, ...]:
        left = self.index.left
        write_offs = dict.fromkeys(group, Decimal(0))
        if why is WriteOffReason.DISCOUNT:
            write_offs = {position: self._discount_of(line, position) for position in group}
        elif why is not None and why is not WriteOffReason.TAX_WITHHELD:
            largest = max(group, key=lambda position: (left[position], -position))
            write_offs[largest] = sum((left[position] for position in group), Decimal(0)) - line.amount
        amounts = {position: left[position] - write_offs[position] for position in group}
        if why is WriteOffReason.TAX_WITHHELD:
            amounts = {position: left[position] - self._withheld_of(position) for position in group}
        if fit is Fit.SHORT:
            amounts = self._oldest_first(line.amount, group)
        return tuple(
            self._allocation(self.index.items[position], amount, write_offs[position], why)
            for position, amount in amounts.items()
            if amount or write_offs[position]
        )

    def _oldest_first(self, money: Decimal, group: Sequence[int]) -> dict[int, Decimal]:
        """Part payments: credit notes are used up, then the oldest invoices are paid until the money is gone."""
        items, left = self.index.items, self.index.left
        order = sorted(group, key=lambda each: (left[each] > 0, items[each].due_date, items[each].number))
        amounts: dict[int, Decimal] = {}
        for position in order:
            amounts[position] = min(left[position], money)
            money -= amounts[position]
        return amounts

    @staticmethod
    def _allocation(
        item: OpenItem, amount: Decimal, write_off: Decimal, why: WriteOffReason | None
    ) -> ProposedAllocation:
        return ProposedAllocation(item.invoice_id, item.number, amount, write_off, why if write_off else None)

    def _best(self, proposals: Iterable[Proposal]) -> list[Proposal]:
        """The useful proposals, best first, one for each thing they do."""
        best: dict[frozenset[tuple[Hashable, Decimal]], Proposal] = {}
        for proposal in sorted(proposals, key=lambda each: -each.confidence):
            if proposal.confidence >= _FEWEST_USEFUL:
                best.setdefault(proposal.settles, proposal)
        return list(best.values())[: self.settings.max_proposals]


_RULE_SENTENCES = {
    MatchRule.REFERENCE: "the text names",
    MatchRule.PARTIAL_NUMBER: "the text names a part of",
    MatchRule.MISSPELT_NUMBER: "the text names a number one slip away from",
}


def _payer_sentence(evidence: Evidence, items: Sequence[OpenItem]) -> str:
    names = ", ".join(dict.fromkeys(item.customer_name for item in items))
    if not evidence.customers:
        return "the payer is not known"
    if not {item.customer_id for item in items} <= set(evidence.customers):
        return f"the payer is another customer than {names}"
    known = {Payer.ACCOUNT: "account", Payer.NAME: "name", Payer.SIMILAR: "name, nearly"}[evidence.payer]
    return f"the payer is known by {known}: {names}"


def _spoilt(proposal: Proposal, word: str) -> Proposal:
    sentence = f"But the text names {word}."
    confidence = min(proposal.confidence, _SPOILT)
    return Proposal(
        proposal.rule,
        confidence,
        proposal.customer_id,
        proposal.allocations,
        proposal.unapplied,
        (*proposal.reasons, sentence),
    )
