"""How well and how fast bank payments find their invoices: precision and recall on a labelled set made here.

    python benchmarks/matching.py [--items 100000] [--payments 10000] [--seed 1] [--check]

The set imitates what payers write: numbers with noise, misread letters, slips, several invoices at once, structured
references, no reference at all, charges taken off, part and double payments, money that belongs to nobody. Every
payment carries the invoices that it was made for. `--check` exits with 1 where a target is missed.
"""

import argparse
import random
import resource
import string
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from cashline.flow.receive.bank.rules.matching import (
    MatchSettings,
    MatchStatus,
    OpenItem,
    Proposal,
    plan_matches,
)
from cashline.flow.receive.bank.rules.statement import StatementLine

TODAY = date(2026, 6, 30)
SETTINGS = MatchSettings(tolerance_amount=Decimal("5.00"), tolerance_rate=Decimal("0.01"))
PRECISION_TARGET = Decimal("0.999")
SECONDS_TARGET = 60
FIRST = "Alpen Baltic Copper Delta Ember Falken Granit Hafen Indigo Jura Kron Linden Mosel Nord Ostsee Polar".split()  # noqa: SIM905
LAST = "Logistik Werke Handel Systems Energie Labor Medien Foods Textil Glas Papier Optik Pharma Druck Bau".split()  # noqa: SIM905
FORMS = ["GmbH", "AG", "Ltd", "B.V.", "S.A.", "GmbH & Co. KG", "Inc.", "SAS"]
PRICES = [Decimal(text) for text in ("49.00", "99.00", "118.81", "199.00", "236.81", "499.00", "1190.00")]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A payment with the truth: what it settles of which invoice."""

    kind: str
    line: StatementLine
    truth: frozenset[tuple[object, Decimal]]


class World:
    """The open items of a company, and what is still unpaid of them while payments are drawn."""

    def __init__(self, rng: random.Random, items: int) -> None:
        self.rng = rng
        self.items: list[OpenItem] = []
        self.of_customer: dict[int, list[OpenItem]] = defaultdict(list)
        number = 0
        customer = 0
        while len(self.items) < items:
            customer += 1
            name = f"{rng.choice(FIRST)} {rng.choice(LAST)} {self.word()} {rng.choice(FORMS)}"
            ibans = (self.iban(),) if rng.random() < 0.75 else ()
            recurring = rng.choice(PRICES) if rng.random() < 0.4 else None
            for _ in range(min(items - len(self.items), 1 + int(rng.expovariate(1 / 12)))):
                number += 1
                self.add(customer, number, name, ibans, recurring)
        self.unpaid = {customer: list(found) for customer, found in self.of_customer.items()}

    def add(self, customer: int, number: int, name: str, ibans: tuple[str, ...], recurring: Decimal | None) -> None:
        amount = recurring or Decimal(self.rng.randrange(1_000, 900_000)).scaleb(-2)
        due = TODAY - timedelta(days=self.rng.randrange(-30, 120))
        written = f"INV-2026-{number:06}"
        body = f"INV2026{number:06}"
        item = OpenItem(
            invoice_id=number,
            number=written,
            customer_id=customer,
            customer_name=name,
            currency="EUR",
            open_amount=amount,
            due_date=due,
            ibans=ibans,
            reference=creditor_reference(body),
            discount_amount=(amount * Decimal("0.02")).quantize(Decimal("0.01")) if number % 10 == 0 else Decimal(0),
            discount_until=TODAY + timedelta(days=5) if number % 10 == 0 else None,
        )
        self.items.append(item)
        self.of_customer[customer].append(item)

    def word(self) -> str:
        return "".join(self.rng.choice(string.ascii_lowercase) for _ in range(7)).capitalize()

    def iban(self) -> str:
        return f"DE{self.rng.randrange(10, 99)}{self.rng.randrange(10**17, 10**18)}"

    def draw(self, count: int = 1, *, known_account: bool | None = None) -> list[OpenItem]:
        """Unpaid items of one customer, which are then paid."""
        for _ in range(2_000):
            customer = self.rng.choice(list(self.unpaid)) if len(self.unpaid) < 50 else self._any_customer()
            found = self.unpaid.get(customer, [])
            if len(found) >= count and (known_account is None or bool(found[0].ibans) == known_account):
                chosen = self.rng.sample(found, count)
                for item in chosen:
                    found.remove(item)
                return chosen
        raise RuntimeError("The set is too small for so many payments.")

    def _any_customer(self) -> int:
        return self.rng.choice(self.items).customer_id  # type: ignore[return-value]


def creditor_reference(body: str) -> str:
    """The ISO 11649 reference of a number."""
    digits = "".join(str(int(character, 36)) for character in f"{body}RF00")
    return f"RF{98 - int(digits) % 97:02}{body}"


def noisy(rng: random.Random, number: str) -> str:
    """A number as payers type it."""
    _, year, tail = number.split("-")
    shapes: list[Callable[[], str]] = [
        lambda: number,
        lambda: number.lower(),
        lambda: f"INV {year} {tail}",
        lambda: f"INV{year}{tail}",
        lambda: f"Inv.{year}/{tail}",
        lambda: f"RE {number} vom 12.05.",
        lambda: f"Rechnung Nr. INV_{year}_{tail} Kd 4711",
        lambda: f"payment {number}, thank you",
        lambda: f"/INV/{year}/{tail}/",
    ]
    return rng.choice(shapes)()


def misread(rng: random.Random, number: str) -> str:
    """A number as an optical reader sees it."""
    confused = {"0": "O", "1": "l", "5": "S", "8": "B", "2": "Z", "I": "1"}
    return "".join(confused[each] if each in confused and rng.random() < 0.4 else each for each in number)


def slip(rng: random.Random, number: str) -> str:
    """A number with two digits swapped or one wrong."""
    place = rng.randrange(10, len(number) - 1)
    if rng.random() < 0.5 and number[place] != number[place + 1]:
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    wrong = rng.choice([each for each in string.digits if each != number[place]])
    return number[:place] + wrong + number[place + 1 :]


class Payments:
    """Draws labelled payments."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.count = 0
        self.drawn: list[Labelled] = []

    def line(self, amount: Decimal, payer: OpenItem | None, text: str, **more: object) -> StatementLine:
        self.count += 1
        known = payer is not None and payer.ibans and self.rng.random() < 0.95
        return StatementLine(
            booking_date=TODAY - timedelta(days=self.rng.randrange(3)),
            value_date=TODAY,
            amount=amount,
            currency="EUR",
            index=self.count,
            remittance=text,
            counterparty_iban=payer.ibans[0] if payer is not None and known else self.world.iban(),
            counterparty_name=self.name(payer) if payer is not None else "Nobody in Particular",
            fingerprint=f"{self.count:08}",
            **more,  # type: ignore[arg-type]
        )

    def name(self, payer: OpenItem) -> str:
        name = payer.customer_name
        return self.rng.choice([name, name.upper(), name[:27], name.rsplit(" ", 1)[0]])

    def keep(self, kind: str, line: StatementLine, *settled: tuple[OpenItem, Decimal]) -> None:
        self.drawn.append(Labelled(kind, line, frozenset((item.invoice_id, amount) for item, amount in settled)))

    def named(self, kind: str, garble: Callable[[random.Random, str], str]) -> None:
        (item,) = self.world.draw()
        self.keep(kind, self.line(item.open_amount, item, garble(self.rng, item.number)), (item, item.open_amount))

    def slipped(self) -> None:
        """A slip that names another open invoice of the same customer and amount is drawn again: it names that one."""
        (item,) = self.world.draw()
        twins = {
            other.number
            for other in self.world.of_customer[item.customer_id]  # type: ignore[index]
            if other.open_amount == item.open_amount
        }
        text = slip(self.rng, item.number)
        while text in twins:
            text = slip(self.rng, item.number)
        self.keep("slip in the number", self.line(item.open_amount, item, text), (item, item.open_amount))

    def structured(self) -> None:
        (item,) = self.world.draw()
        line = self.line(item.open_amount, item, "", creditor_references=(item.reference,))
        self.keep("creditor reference", line, (item, item.open_amount))

    def several(self, kind: str, *, with_numbers: bool) -> None:
        items = self.world.draw(self.rng.randrange(2, 6), known_account=None if with_numbers else True)
        total = sum((item.open_amount for item in items), Decimal(0))
        text = ", ".join(noisy(self.rng, item.number) for item in items) if with_numbers else "Sammelzahlung"
        self.keep(kind, self.line(total, items[0], text), *((item, item.open_amount) for item in items))

    def without_text(self) -> None:
        (item,) = self.world.draw(known_account=True)
        self.keep("account, no text", self.line(item.open_amount, item, "thank you"), (item, item.open_amount))

    def by_name_alone(self) -> None:
        (item,) = self.world.draw(known_account=False)
        line = replace(self.line(item.open_amount, item, "April"), counterparty_iban="")
        self.keep("name, no text", line, (item, item.open_amount))

    def short_by_charges(self) -> None:
        (item,) = self.world.draw()
        missing = min(Decimal(self.rng.randrange(50, 500)).scaleb(-2), item.open_amount * Decimal("0.009"))
        missing = missing.quantize(Decimal("0.01"))
        line = self.line(item.open_amount - missing, item, noisy(self.rng, item.number))
        self.keep("charges taken off", line, (item, item.open_amount))

    def with_discount(self) -> None:
        (item,) = self.world.draw()
        line = self.line(item.open_amount - item.discount_amount, item, noisy(self.rng, item.number))
        self.keep("early-payment discount", line, (item, item.open_amount))

    def part(self) -> None:
        (item,) = self.world.draw()
        amount = (item.open_amount * Decimal("0.4")).quantize(Decimal("0.01"))
        self.keep("part payment", self.line(amount, item, noisy(self.rng, item.number)), (item, amount))

    def over(self) -> None:
        (item,) = self.world.draw()
        line = self.line(item.open_amount + Decimal("12.34"), item, noisy(self.rng, item.number))
        self.keep("over payment", line, (item, item.open_amount))

    def twice(self) -> None:
        (item,) = self.world.draw()
        first = self.line(item.open_amount, item, noisy(self.rng, item.number))
        again = self.line(item.open_amount, item, noisy(self.rng, item.number))
        self.keep("named", replace(first, booking_date=TODAY - timedelta(days=9)), (item, item.open_amount))
        self.keep("paid twice", replace(again, booking_date=TODAY))

    def nobodys(self) -> None:
        amount = Decimal(self.rng.randrange(100, 900_000)).scaleb(-2)
        text = self.rng.choice(["rent", "INV-2019-000123", "refund 2026-9981", "4711", "donation"])
        self.keep("belongs to nobody", self.line(amount, None, text))

    def draw(self, count: int) -> list[Labelled]:
        kinds: list[tuple[int, Callable[[], None]]] = [
            (40, lambda: self.named("named", noisy)),
            (6, lambda: self.named("misread letters", misread)),
            (5, self.slipped),
            (5, self.structured),
            (8, lambda: self.several("several named", with_numbers=True)),
            (4, lambda: self.several("several, no text", with_numbers=False)),
            (12, self.without_text),
            (5, self.by_name_alone),
            (4, self.short_by_charges),
            (2, self.with_discount),
            (3, self.part),
            (2, self.over),
            (2, self.twice),
            (2, self.nobodys),
        ]
        weights = [weight for weight, _ in kinds]
        while len(self.drawn) < count:
            self.rng.choices([make for _, make in kinds], weights)[0]()
        return self.drawn[:count]


def agrees(proposal: Proposal, truth: frozenset[tuple[object, Decimal]]) -> bool:
    return proposal.settles == truth


def report(payments: list[Labelled], statuses: list[tuple[MatchStatus, tuple[Proposal, ...]]]) -> Decimal:
    """Print a line a kind; gives the precision of what is applied unseen."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for payment, (status, proposals) in zip(payments, statuses, strict=True):
        kinds = counts[payment.kind], counts["all"]
        right_first = bool(proposals) and agrees(proposals[0], payment.truth)
        right_any = any(agrees(proposal, payment.truth) for proposal in proposals)
        for count in kinds:
            count["payments"] += 1
            count["payable"] += bool(payment.truth)
            count["applied"] += status is MatchStatus.APPLY
            count["applied right"] += status is MatchStatus.APPLY and right_first
            count["suggested right"] += status is MatchStatus.SUGGEST and right_any
    print(f"{'kind':<24}{'payments':>9}{'applied':>9}{'wrong':>7}{'precision':>11}{'recall':>9}{'+ suggested':>13}")
    for kind, count in sorted(counts.items(), key=lambda pair: (pair[0] == "all", -pair[1]["payments"])):
        precision = Decimal(count["applied right"]) / count["applied"] if count["applied"] else None
        payable = count["payable"] or None
        recall = Decimal(count["applied right"]) / payable if payable else None
        shown = Decimal(count["applied right"] + count["suggested right"]) / payable if payable else None
        wrong = count["applied"] - count["applied right"]
        print(
            f"{kind:<24}{count['payments']:>9}{count['applied']:>9}{wrong:>7}"
            f"{percent(precision):>11}{percent(recall):>9}{percent(shown):>13}"
        )
    everything = counts["all"]
    return Decimal(everything["applied right"]) / max(everything["applied"], 1)


def percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{share * 100:.2f} %"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--payments", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="show what was applied wrongly")
    parser.add_argument("--kind", default="", help="with --wrong: show what of this kind was not applied, too")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    world = World(rng, arguments.items)
    payments = Payments(world, rng).draw(arguments.payments)
    started = time.perf_counter()
    plan = plan_matches([payment.line for payment in payments], world.items, SETTINGS)
    seconds = time.perf_counter() - started
    statuses = [(match.status, match.proposals) for match in plan.matches]
    precision = report(payments, statuses)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{len(payments):,} payments against {len(world.items):,} open items in {seconds:.1f} s, {memory} MB at most")
    if arguments.wrong:
        for payment, (status, proposals) in zip(payments, statuses, strict=True):
            wrong = status is MatchStatus.APPLY and not agrees(proposals[0], payment.truth)
            if wrong or (payment.kind == arguments.kind and status is not MatchStatus.APPLY):
                print(payment.kind, payment.line.amount, payment.line.remittance, set(payment.truth), *proposals[:2])
    missed = precision < PRECISION_TARGET or seconds > SECONDS_TARGET
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
