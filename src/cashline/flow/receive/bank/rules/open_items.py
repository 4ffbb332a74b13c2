"""Open invoices, indexed by everything that a payment may say about them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cashline.flow.receive.bank.rules.names import alike, longest_first, name_key
from cashline.flow.receive.bank.rules.references import FEWEST_DIGITS, digits_of, fold
from cashline.flow.receive.bank.rules.statement import alphanumeric

_COMMON_WORD = 400
"""Names sharing a word beyond which the word finds nobody."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An open invoice (or, with a negative amount, an open credit note); `open_amount` in major units.

    `aliases` and `ibans` are names and accounts that payments of this customer came from. `reference` is the
    structured creditor reference printed on it. Until `discount_until` it may be paid `discount_amount` short.
    `withheld` is what the customer keeps back of it for the tax authority.
    """

    invoice_id: Hashable
    number: str
    customer_id: Hashable
    customer_name: str
    currency: str
    open_amount: Decimal
    due_date: date
    entity_id: Hashable = None
    aliases: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    reference: str = ""
    discount_amount: Decimal = Decimal(0)
    discount_until: date | None = None
    withheld: Decimal = Decimal(0)

    def discount_on(self, day: date) -> Decimal:
        """The early-payment discount that a payment on this day may take."""
        return self.discount_amount if self.discount_until is not None and day <= self.discount_until else Decimal(0)


class OpenItemIndex:
    """The items of one currency and entity, by number, reference, amount, account and name; `left` is still open.

    `settled` are the folded numbers of invoices that are paid, with their customers.
    """

    def __init__(self, items: Sequence[OpenItem], settled: Mapping[str, Hashable]) -> None:
        self.items = items
        self.settled = settled
        self.left = [item.open_amount for item in items]
        self.by_number: dict[str, list[int]] = defaultdict(list)
        self.by_digits: dict[str, list[int]] = defaultdict(list)
        self.by_tail: dict[str, list[int]] = defaultdict(list)
        self.by_reference: dict[str, list[int]] = defaultdict(list)
        self.by_amount: dict[Decimal, list[int]] = defaultdict(list)
        self.by_customer_amount: dict[tuple[Hashable, Decimal], list[int]] = defaultdict(list)
        self.by_customer: dict[Hashable, list[int]] = defaultdict(list)
        self.by_iban: dict[str, set[Hashable]] = defaultdict(set)
        self.by_name: dict[str, set[Hashable]] = defaultdict(set)
        prefixes: set[str] = set()
        for position, item in enumerate(items):
            prefixes.add(self._add_number(position, item))
            self._add_amount(position)
            self.by_customer[item.customer_id].append(position)
        for positions in self.by_customer.values():
            positions.sort(key=lambda position: (items[position].due_date, items[position].number))
            self._add_payer(positions)
        self.number_lengths = {len(key) for key in self.by_number}
        self.digits_lengths = {len(key) for key in self.by_digits}
        self.prefixes = tuple(sorted(prefix for prefix in prefixes if prefix))
        self.words: dict[str, list[str]] = defaultdict(list)
        for key in self.by_name:
            for word in set(key.split()):
                self.words[word].append(key)

    def _add_amount(self, position: int) -> None:
        amount = self.left[position]
        self.by_amount[amount].append(position)
        self.by_customer_amount[self.items[position].customer_id, amount].append(position)

    def settle(self, position: int, amount: Decimal) -> None:
        """Take what a payment settles off what is left of an item."""
        self.left[position] -= amount
        if self.left[position]:
            self._add_amount(position)

    def open_with(self, customer: Hashable, amount: Decimal) -> list[int]:
        """The customer's items of which exactly this amount is open, oldest due date first."""
        known = self.by_customer_amount.get((customer, amount), ())
        found = [position for position in dict.fromkeys(known) if self.left[position] == amount]
        return sorted(found, key=lambda position: (self.items[position].due_date, self.items[position].number))

    def _add_number(self, position: int, item: OpenItem) -> str:
        """Index the number; gives the folded letters that it starts with."""
        compact, folded = alphanumeric(item.number), fold(item.number)
        self.by_number[folded].append(position)
        digits = digits_of(compact)
        if len(digits) > FEWEST_DIGITS and digits != folded:
            self.by_digits[digits].append(position)
        tail = digits_of(item.number.replace("/", "-").rpartition("-")[2]).lstrip("0")
        if len(tail) >= 3:
            self.by_tail[tail].append(position)
        if item.reference:
            self.by_reference[alphanumeric(item.reference)].append(position)
        letters = next((place for place, each in enumerate(compact) if each.isdigit()), 0)
        return folded[:letters] if letters > 1 else ""

    def _add_payer(self, positions: Iterable[int]) -> None:
        seen: set[str] = set()
        for position in positions:
            item = self.items[position]
            for iban in item.ibans:
                self.by_iban[alphanumeric(iban)].add(item.customer_id)
            for name in (item.customer_name, *item.aliases):
                if name not in seen:
                    seen.add(name)
                    self.by_name[name_key(name)].add(item.customer_id)

    def open_of(self, customer: Hashable) -> list[int]:
        """The customer's items that are still open, oldest due date first."""
        return [position for position in self.by_customer.get(customer, ()) if self.left[position]]

    def similar_names(self, name: str, fewest: int = 80) -> list[tuple[int, str]]:
        """The known names most like this one, with their likeness (`fewest` to 100), best first, at most five."""
        key = name_key(name)
        if key in self.by_name:
            return [(100, key)]
        candidates: dict[str, None] = {}
        for word in longest_first(key.split()):
            known = self.words.get(word, ())
            if len(known) <= _COMMON_WORD:
                candidates.update(dict.fromkeys(known))
            if len(candidates) > _COMMON_WORD:
                break
        scored = [(alike(key, candidate), candidate) for candidate in candidates]
        return sorted((pair for pair in scored if pair[0] >= fewest), key=lambda pair: (-pair[0], pair[1]))[:5]
