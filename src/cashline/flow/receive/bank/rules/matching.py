"""Matching bank lines to open invoices: the best assignment over all lines together, with reasons.

First the lines whose text names invoices, sure ones by date; then the rest by payer and amount against what is still
open. Only a proposal that is sure enough and has no rival is applied unseen; everything else is a suggestion.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from cashline.flow.receive.bank.rules.evidence import Evidence, Payer, read_evidence
from cashline.flow.receive.bank.rules.match_plan import (
    LineMatch,
    MatchPlan,
    MatchRule,
    MatchSettings,
    MatchStatus,
    Proposal,
    ProposedAllocation,
    WriteOffReason,
)
from cashline.flow.receive.bank.rules.open_items import OpenItem, OpenItemIndex
from cashline.flow.receive.bank.rules.proposals import Proposer
from cashline.flow.receive.bank.rules.references import fold
from cashline.flow.receive.bank.rules.statement import StatementLine

__all__ = [
    "LineMatch",
    "MatchPlan",
    "MatchRule",
    "MatchSettings",
    "MatchStatus",
    "OpenItem",
    "Proposal",
    "ProposedAllocation",
    "WriteOffReason",
    "plan_matches",
]

_EVERYDAY = MatchSettings()


def plan_matches(
    lines: Sequence[StatementLine],
    items: Iterable[OpenItem],
    settings: MatchSettings = _EVERYDAY,
    *,
    settled: Mapping[str, Hashable] = MappingProxyType({}),
) -> MatchPlan:
    """Match the open lines of a bank account to the open items that may be paid on it.

    `settled` are numbers of invoices that are paid already, with their customers: a payment that names one is no slip
    for another invoice of that customer. Items in other currencies than a line never match it. The plan does not
    depend on the order of lines or items. Cost grows with lines + items, not with their product: 10,000 lines against
    100,000 items take some seconds.
    """
    by_currency: dict[str, list[OpenItem]] = defaultdict(list)
    for item in items:
        if item.open_amount:
            by_currency[item.currency].append(item)
    paid = {fold(number): customer for number, customer in settled.items()}
    found: dict[int, LineMatch] = {}
    for currency in sorted({line.currency for line in lines}):
        ordered = sorted(by_currency.get(currency, ()), key=lambda item: (item.number, str(item.invoice_id)))
        places = [place for place, line in enumerate(lines) if line.currency == currency]
        found.update(
            _Matcher(OpenItemIndex(ordered, paid), settings).match([(place, lines[place]) for place in places])
        )
    return MatchPlan(tuple(found[place] for place in range(len(lines))))


type _Numbered = tuple[int, StatementLine]


class _Matcher:
    """Matches the lines of one currency; takes what is applied off the index as it goes."""

    def __init__(self, index: OpenItemIndex, settings: MatchSettings) -> None:
        self.index = index
        self.settings = settings
        self.proposer = Proposer(index, settings)
        self.position = {item.invoice_id: position for position, item in enumerate(index.items)}
        self.found: dict[int, LineMatch] = {}

    def match(self, lines: Sequence[_Numbered]) -> dict[int, LineMatch]:
        """The results by the place of the line."""
        receipts: list[_Numbered] = []
        for place, line in lines:
            if line.amount > 0 and not line.is_reversal:
                receipts.append((place, line))
            else:
                self.found[place] = LineMatch(line, MatchStatus.NOT_A_RECEIPT, reason="No money from a customer.")
        evidence = {place: read_evidence(self.index, line) for place, line in receipts}
        rest = self._match_by_name(receipts, evidence)
        rest = self._match_equal_amounts(rest, evidence)
        for place, line in sorted(rest, key=_chronological):
            self._decide(place, line, self.proposer.by_payer(line, self._fresh(evidence[place])))
        return self.found

    def _fresh(self, evidence: Evidence) -> Evidence:
        """The evidence against what is left now: items that were settled meanwhile are named in vain."""
        settled = [
            self.index.items[position].number
            for positions in evidence.named.values()
            for position in positions
            if not self.index.left[position]
        ]
        return replace(evidence, unknown_numbers=(*evidence.unknown_numbers, *settled))

    def _match_by_name(self, lines: list[_Numbered], evidence: dict[int, Evidence]) -> list[_Numbered]:
        """Apply or suggest by what the text names, sure lines first; gives the lines that name nothing open."""
        rest: list[_Numbered] = []
        named: list[tuple[int, StatementLine, list[Proposal]]] = []
        for place, line in lines:
            proposals = self.proposer.by_name(line, evidence[place])
            if proposals:
                named.append((place, line, proposals))
            else:
                rest.append((place, line))
        asked = self.settings.auto_apply_confidence
        for place, line, _ in sorted(named, key=lambda each: (each[2][0].confidence < asked, _chronological(each[:2]))):
            proposals = self.proposer.by_name(line, _still_open(self.index, evidence[place]))
            if proposals:
                self._decide(place, line, proposals)
            else:
                rest.append((place, line))
        return rest

    def _match_equal_amounts(self, lines: list[_Numbered], evidence: dict[int, Evidence]) -> list[_Numbered]:
        """As many payments of one amount from one account as invoices of that amount: the oldest pays the oldest."""
        groups: dict[tuple[Hashable, Decimal], list[_Numbered]] = defaultdict(list)
        rest: list[_Numbered] = []
        for place, line in lines:
            said = evidence[place]
            if said.payer is Payer.ACCOUNT and len(said.customers) == 1 and not said.unknown_numbers and not said.named:
                groups[said.customers[0], line.amount].append((place, line))
            else:
                rest.append((place, line))
        for (customer, _), group in groups.items():
            items = self.proposer.equal_items(group[0][1], customer)
            if len(group) < 2 or len(items) != len(group):
                rest.extend(group)
                continue
            for (place, line), position in zip(sorted(group, key=_chronological), items, strict=True):
                self._decide(place, line, [self._one_of_equals(line, position, len(group))])
        return rest

    def _one_of_equals(self, line: StatementLine, position: int, count: int) -> Proposal:
        item = self.index.items[position]
        return Proposal(
            MatchRule.ACCOUNT_AND_AMOUNT,
            95,
            item.customer_id,
            (ProposedAllocation(item.invoice_id, item.number, line.amount),),
            Decimal(0),
            (
                f"The payer is known by account: {item.customer_name}.",
                f"{count} payments of this amount meet {count} invoices of it; the oldest pays the oldest.",
            ),
        )

    def _decide(self, place: int, line: StatementLine, proposals: list[Proposal]) -> None:
        """Apply the best proposal if it is sure and has no rival, suggest otherwise."""
        if not proposals:
            reason = "No open invoice is named, and none fits the payer or the amount."
            self.found[place] = LineMatch(line, MatchStatus.UNMATCHED, reason=reason)
            return
        best = proposals[0]
        rivals = [each for each in proposals[1:] if best.confidence - each.confidence < self.settings.ambiguity_margin]
        if best.confidence < self.settings.auto_apply_confidence:
            reason = f"The best proposal is {best.confidence} % sure; {self.settings.auto_apply_confidence} are asked."
            self.found[place] = LineMatch(line, MatchStatus.SUGGEST, tuple(proposals), reason)
        elif rivals:
            reason = f"{len(rivals) + 1} proposals are equally likely."
            self.found[place] = LineMatch(line, MatchStatus.SUGGEST, tuple(proposals), reason)
        else:
            self.found[place] = LineMatch(line, MatchStatus.APPLY, tuple(proposals))
            for allocation in best.allocations:
                self.index.settle(self.position[allocation.invoice_id], allocation.amount + allocation.write_off)


def _still_open(index: OpenItemIndex, evidence: Evidence) -> Evidence:
    """The evidence without what was settled meanwhile; who names a settled invoice did not mean another one."""
    settled = {
        index.items[position].customer_id
        for positions in evidence.named.values()
        for position in positions
        if not index.left[position]
    }
    named = {
        rule: tuple(position for position in positions if index.left[position])
        for rule, positions in evidence.named.items()
    }
    return replace(
        evidence,
        named={rule: positions for rule, positions in named.items() if positions},
        misspelt=tuple(each for each in evidence.misspelt if index.items[each].customer_id not in settled),
    )


def _chronological(numbered: tuple[int, StatementLine]) -> tuple[object, str, int]:
    place, line = numbered
    return line.booking_date, line.fingerprint, place
