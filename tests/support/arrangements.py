"""Random facts of a contract by the whole of the standard: deliveries, estimates, returns, and changes of any kind."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from cashline.flow.recognise.revenue.rules.standard.facts import (
    Consideration,
    ContractFact,
    EventFact,
    Fixed,
    Invoiced,
    Modified,
    ObligationFact,
    Paid,
    Pattern,
    PriceChange,
    ProgressMade,
    QuantityChange,
    Redeemed,
    Returned,
    TermChange,
    Transfer,
    UnitPrice,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateConsideration,
    Judgement,
    Returns,
    StandAlonePrice,
    VariableEstimate,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts

type Treatment = Literal["separate", "prospective", "catch_up", "mixed"]
START = date(2025, 1, 1)
TREATMENTS: list[Treatment] = ["separate", "prospective", "catch_up", "mixed"]
PATTERNS: list[Pattern] = ["point", "ratable_daily", "output_measure", "redemption"]


class _Maker:
    """Makes one contract; `names` are the obligations that are still promised."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.known: dict[str, ObligationFact] = {}
        self.names: list[str] = []

    def money(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low, high)) / 100

    def later(self, day: date, most: int) -> date:
        return day + timedelta(days=self.random.randint(0, most))

    def obligation(self, name: str) -> ObligationFact:
        random = self.random
        pattern: Pattern = random.choice(PATTERNS)
        ssp = self.money(100, 90000)
        if pattern in ("point", "redemption"):
            made = ObligationFact(id=name, pattern=pattern, quantity=Decimal(random.randint(1, 6)), ssp=ssp)
        elif pattern == "ratable_daily":
            start = self.later(START, 200)
            until = start + timedelta(days=random.randint(20, 400))
            made = ObligationFact(id=name, pattern=pattern, ssp=ssp, starts_on=start, until=until)
        else:
            made = ObligationFact(
                id=name, pattern="output_measure", measure="units", measure_total=Decimal(7), ssp=ssp
            )  # fmt: skip
        self.known[name] = made
        self.names.append(name)
        return made

    def parts(self) -> list[Consideration]:
        parts: list[Consideration] = [Fixed(id="price", amount=self.money(0, 100_000))]
        if self.random.random() < 0.4:
            parts.append(Variable(id="bonus", basis="total"))
        points = [name for name in self.names if self.known[name].pattern == "point"]
        if points and self.random.random() < 0.2:
            parts.append(UnitPrice(id="each", amount=self.money(1, 900), obligation=points[0]))
        return parts

    def judgements(self, parts: list[Consideration]) -> list[Judgement]:
        random, found = self.random, list[Judgement]()
        if any(isinstance(part, Variable) for part in parts):
            for _ in range(random.randint(1, 2)):
                estimate, day = self.money(-5000, 20000), self.later(START, 500)
                found.append(VariableEstimate(at=day, consideration="bonus", method="given", estimate=estimate))
            if random.random() < 0.3:
                found.append(AllocateConsideration(at=START, consideration="bonus", obligations=(self.names[0],)))
        points = [name for name in self.names if self.known[name].pattern == "point"]
        if points and random.random() < 0.3:
            back = Decimal(random.randint(0, 2))
            found.append(Returns(at=START, obligation=points[0], estimable=True, expected_quantity=back))
        if random.random() < 0.2:
            amount = self.money(0, 9000)
            found.append(StandAlonePrice(at=self.later(START, 300), obligation=self.names[0], amount=amount))
        return found

    def delivery(self, day: date) -> list[EventFact]:
        random = self.random
        if not self.names:
            return []
        name = random.choice(self.names)
        units = Decimal(random.randint(1, 3))
        match self.known[name].pattern:
            case "point" if random.random() < 0.15:
                return [Returned(at=day, obligation=name, quantity=Decimal(1))]
            case "point":
                return [Transfer(at=day, obligation=name, quantity=units)]
            case "redemption":
                return [Redeemed(at=day, obligation=name, quantity=units)]
            case "output_measure":
                return [ProgressMade(at=day, obligation=name, to_date=Decimal(random.randint(1, 8)))]
            case _:
                return []

    def change(self, day: date, index: int) -> Modified:
        random = self.random
        treatment: Treatment = random.choice(TREATMENTS)
        promised = list(self.names)
        removed = (
            random.sample(promised, random.randint(1, len(promised))) if promised and random.random() < 0.4 else []
        )
        added = [self.obligation(f"added{index}")] if random.random() < 0.5 else []
        points = [name for name in promised if self.known[name].pattern == "point"]
        series = [name for name in promised if self.known[name].pattern == "ratable_daily"]
        quantities = [QuantityChange(random.choice(points), Decimal(random.randint(-2, 3)))] if points else []
        terms = [TermChange(series[0], self.later(day, 300) + timedelta(days=1))] if series else []
        prices = [PriceChange(self.money(-20_000, 30_000), random.choice(["remaining", "satisfied", "all"]))]
        self.names = [name for name in self.names if name not in removed]
        return Modified(
            at=day,
            contract="c",
            treatment=treatment,
            added=tuple(added),
            removed=tuple(removed),
            quantities=tuple(quantities) if random.random() < 0.3 else (),
            terms=tuple(terms) if random.random() < 0.3 else (),
            price_changes=tuple(prices) if random.random() < 0.7 else (),
        )


def random_facts(seed: int) -> Facts:
    """A contract of one to three obligations with up to nine facts; the same for the same seed."""
    make = _Maker(seed)
    random = make.random
    obligations = [make.obligation(f"promise{index}") for index in range(random.randint(1, 3))]
    parts = make.parts()
    judgements = make.judgements(parts)
    events: list[EventFact] = []
    day = START
    for index in range(random.randint(1, 9)):
        day = make.later(day, 80)
        chance = random.random()
        if chance < 0.45:
            events.extend(make.delivery(day))
        elif chance < 0.6:
            events.append(Invoiced(at=day, contract="c", amount=make.money(1, 50_000)))
        elif chance < 0.7:
            events.append(Paid(at=day, contract="c", amount=make.money(1, 50_000)))
        else:
            events.append(make.change(day, index))
    contract = ContractFact(id="c", inception=START, consideration=tuple(parts), obligations=tuple(obligations))
    return Facts((contract,), tuple(judgements), tuple(events))
