"""Plans the contracts of a Cashline audit pack again, from their facts alone:  python3 replan.py pack.zip

Each arrangement is allocated and scheduled anew by ASC 606 / IFRS 15, in exact fractions, and compared with what the
pack says was allocated and recognised by the end of each month. Needs Python 3.10 or newer and nothing else. Ends with
1 at the first figure that differs; contracts whose facts ask for more than is planned here (financing, repurchases,
modifications) are named and left to recompute.py.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

Fact = dict[str, Any]
Row = dict[str, str]
ZERO, ONE, DAY = Fraction(0), Fraction(1), timedelta(days=1)


class Differs(Exception):
    """A figure of the pack that is not what it should be."""


class NotHere(Exception):
    """Facts that this script does not plan."""


def rounded(value: Fraction, digits: int) -> Fraction:
    """Halves away from zero."""
    whole = int(abs(value) * 10**digits + Fraction(1, 2))
    return Fraction(-whole if value < 0 else whole, 10**digits)


def shared(total: Fraction, weights: list[Fraction], digits: int) -> list[Fraction]:
    """Largest remainder: rounded towards zero, and the units left over to those that lost most, the earlier first."""
    whole = sum(weights, ZERO)
    if not whole:
        weights, whole = [ONE] * len(weights), Fraction(len(weights))
    exact = [abs(total) * weight / whole * 10**digits for weight in weights]
    parts = [int(one) for one in exact]
    missing = int(abs(total) * 10**digits) - sum(parts)
    for index in sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))[:missing]:
        parts[index] += 1
    return [Fraction(part if total >= 0 else -part, 10**digits) for part in parts]


def amount(fact: Fact, name: str, otherwise: Any = 0) -> Fraction:
    """A number of a fact."""
    given = fact.get(name)
    return Fraction(str(otherwise if given is None else given))


def day_of(fact: Fact, name: str = "at") -> date:
    """A day of a fact."""
    return date.fromisoformat(fact[name])


def months_gone(start: date, stop: date) -> Fraction:
    """Whole months from a day, and the days of a part month over its length; a short month ends on its last day."""
    if stop <= start:
        return ZERO
    index = (stop.year - start.year) * 12 + stop.month - start.month
    index -= 1 if later(start, index) > stop else 0
    begin, end = later(start, index), later(start, index + 1)
    return index + Fraction((stop - begin).days, (end - begin).days)


def later(start: date, months: int) -> date:
    """The same day some months on, or the last of its month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(start.day, (following - DAY).day))


class Standing:
    """What is known of an arrangement at the end of a day: contracts, judgements in force, and what was done."""

    def __init__(self, facts: list[tuple[str, Fact]], day: date, digits: int) -> None:
        self.stop, self.digits = day + DAY, digits
        self.contracts = [one for kind, one in facts if kind == "contract" and day_of(one, "inception") <= day]
        judged = sorted((one for kind, one in facts if kind == "judgement" and day_of(one) <= day), key=day_of)
        events = [one for kind, one in facts if kind == "event" and day_of(one) <= day]
        self.judged: dict[tuple[str, str], Fact] = {}
        for one in judged:
            if one["type"] in ("financing", "repurchase"):
                raise NotHere(one["type"])
            self.judged[one["type"], subject(one)] = one
        self.obligations = {one["id"]: one for contract in self.contracts for one in contract["obligations"]}
        self.done: dict[tuple[str, str], Fraction] = {}
        for event in sorted(events, key=day_of):
            self.take(event)

    def take(self, event: Fact) -> None:
        """A fact of delivery."""
        kind, name = event["type"], event.get("obligation", "")
        if kind in ("modify", "terminate"):
            raise NotHere("a " + kind)
        if kind == "invoice" and any(one["pattern"] == "as_invoiced" for one in self.obligations.values()):
            raise NotHere("a service earned as invoiced")
        if kind == "transfer":
            left = max(ZERO, amount(self.obligations[name], "quantity", 1) - self.of(name, "units"))
            self.add(name, "units", amount(event, "quantity") if "quantity" in event else left)
        elif kind == "progress":
            self.done[name, "progress"] = amount(event, "to_date")
        elif kind == "cost":
            self.add(name, event["class"], amount(event, "amount"))
        elif kind in ("redeem", "return", "expire", "return_right_ends"):
            self.add(name, kind, amount(event, "quantity", 1))
        elif kind == "royalty":
            self.add(event["consideration"], kind, amount(event, "amount"))
        elif kind == "usage":
            parts = [part for contract in self.contracts for part in contract["consideration"]]
            part = next(one for one in parts if one["id"] == event["consideration"])
            fee = rounded(amount(part, "amount") * amount(event, "quantity"), self.digits)
            self.add(part["obligation"], "used", fee)

    def add(self, name: str, what: str, value: Fraction) -> None:
        """Count something of an obligation, or of a part of the consideration."""
        self.done[name, what] = self.of(name, what) + value

    def of(self, name: str, what: str) -> Fraction:
        """How much of something was counted."""
        return self.done.get((name, what), ZERO)

    def judgement(self, kind: str, name: str) -> Fact:
        """A judgement in force; empty where there is none."""
        return self.judged.get((kind, name), {})

    def groups(self) -> list[list[Fact]]:
        """Contracts, those that are combined together."""
        found = [[one] for one in self.contracts]
        for (kind, _), one in self.judged.items():
            if kind == "combine":
                apart = [group for group in found if any(each["id"] in one["contracts"] for each in group)]
                joined = [each for group in apart for each in group]
                found = [group for group in found if group not in apart] + ([joined] if joined else [])
        return found

    def units(self, name: str) -> Fraction:
        """Units that passed to the customer."""
        one = self.obligations[name]
        if one["pattern"] == "redemption":
            return self.of(name, "redeem")
        return max(self.of(name, "units"), self.of(name, "progress") if one.get("measure") == "units" else ZERO)

    def fraction(self, name: str) -> Fraction:
        """The satisfied fraction of an obligation."""
        one = self.obligations[name]
        pattern = one["pattern"]
        if self.of(name, "expire"):
            return ONE
        if pattern.startswith("ratable"):
            start, until = day_of(one, "from"), day_of(one, "until")
            if self.stop <= start or self.stop >= until:
                return Fraction(int(self.stop >= until))
            if pattern == "ratable_daily":
                return Fraction((self.stop - start).days, (until - start).days)
            return months_gone(start, self.stop) / months_gone(start, until)
        measure = one.get("measure") if pattern.endswith("_measure") else ""
        done, whole = self.of(name, "units"), amount(one, "quantity", 1)
        if pattern == "redemption":
            done = self.of(name, "redeem")
            whole = amount(self.judgement("redemption", name), "expected_quantity", whole)
        elif measure == "costs":
            done = self.of(name, "contract")
            whole = amount(self.judgement("expected_cost", name), "amount", one.get("expected_cost", 0))
        elif measure:
            done, whole = self.of(name, "progress"), amount(one, "measure_total")
        value = ZERO if done <= 0 else ONE if done >= whole else done / whole
        places = one.get("progress_decimals") if measure else None
        return value if places is None else rounded(value, places)

    def back(self, name: str) -> Fraction:
        """Units that came back or are expected to."""
        judged, returned = self.judgement("returns", name), self.of(name, "return")
        estimated = judged and judged["estimable"] and not self.of(name, "return_right_ends")
        return max(amount(judged, "expected_quantity"), returned) if estimated else returned

    def alone(self, one: Fact) -> Fraction | None:
        """The stand-alone price; None where it is a residual or unknown."""
        method = one.get("ssp_method", "")
        if method == "expected_cost_plus_margin":
            return amount(one, "expected_cost") * (1 + amount(one, "margin")) * amount(one, "likelihood", 1)
        if method == "residual":
            return None
        right = self.judgement("material_right", one["id"])
        if right and (method == "material_right" or one.get("ssp") is None):
            off = amount(right, "discount") - amount(right, "discount_available_anyway")
            return max(ZERO, amount(right, "purchase_amount") * off * amount(right, "likelihood"))
        given = one.get("ssp", self.judgement("ssp", one["id"]).get("amount"))
        return None if given is None else Fraction(str(given))

    def value(self, part: Fact) -> Fraction:
        """What a part adds to the price, but for those that go with units."""
        kind = part["kind"]
        found = amount(part, "amount")
        if kind == "instalments":
            found *= part["count"]
        elif kind == "variable":
            found = estimate(self.judgement("variable", part["id"]))
        elif kind == "payable_to_customer":
            found = amount(part, "distinct_fair_value") - found
        elif kind == "option_fee":
            found *= amount(part, "likelihood")
        elif kind == "royalty":
            found = self.of(part["id"], "royalty")
        return rounded(found, self.digits)


def subject(one: Fact) -> str:
    """What a judgement is about."""
    if one["type"] in ("combine", "allocate_discount"):
        return "+".join(sorted(one.get("contracts") or one["obligations"]))
    return str(one.get("consideration") or one.get("obligation") or one.get("cost"))


def estimate(one: Fact) -> Fraction:
    """What is included of a variable part."""
    if one.get("included") is not None:
        return amount(one, "included")
    outcomes = one.get("outcomes") or []
    if not outcomes or one["method"] == "given":
        return amount(one, "estimate")
    if one["method"] == "most_likely":
        return amount(max(outcomes, key=lambda each: amount(each, "probability")), "amount")
    return sum((amount(each, "amount") * amount(each, "probability") for each in outcomes), ZERO)


def planned(now: Standing) -> dict[str, tuple[Fraction, Fraction]]:
    """What is allocated to each obligation, and its revenue to date."""
    found: dict[str, tuple[Fraction, Fraction]] = {}
    for group in now.groups():
        parts = [part for contract in group for part in contract["consideration"]]
        names = [one["id"] for contract in group for one in contract["obligations"]]
        shares = allocated(now, parts, names)
        for name in names:
            found[name] = earned(now, parts, name, *(one.get(name, ZERO) for one in shares or ({}, {})))
    return found


def goes_with_units(part: Fact) -> bool:
    """Does the part go to its obligation with what is transferred or used?"""
    return part["kind"] in ("unit_price", "usage") or part.get("basis") == "per_unit"


def allocated(
    now: Standing, parts: list[Fact], names: list[str]
) -> tuple[dict[str, Fraction], dict[str, Fraction]] | None:
    """The price of each obligation, and the royalties reported; None where a residual is out of its range."""
    chosen: dict[str, list[str]] = {}
    for part in (one for one in parts if not goes_with_units(one)):
        named = now.judgement("allocate_consideration", part["id"]).get("obligations", [])
        chosen[part["id"]] = [name for name in named if name in names]
    values = {part["id"]: now.value(part) for part in parts if part["id"] in chosen}
    royalties = {part["id"] for part in parts if part["kind"] == "royalty"}
    pool = sum((values[key] for key, among in chosen.items() if not among and key not in royalties), ZERO)
    alone = {name: now.alone(now.obligations[name]) for name in names}
    known = {name: price for name, price in alone.items() if price is not None}
    for (kind, _), one in now.judged.items():
        if kind == "allocate_discount" and all(name in known for name in one["obligations"]):
            whole = sum((known[name] for name in one["obligations"]), ZERO)
            known.update(
                {name: known[name] * amount(one, "bundle_price") / whole for name in one["obligations"] if whole}
            )
    for name in (one for one in names if now.obligations[one].get("ssp_method") == "residual"):
        known[name] = pool - sum(known.values(), ZERO)
        limits = now.obligations[name]["ssp_range"]
        if not amount(limits, "low") <= known[name] <= amount(limits, "high"):
            return None
        known[name] = max(ZERO, known[name])
    if not any(known.values()):
        owned = {part.get("obligation") for part in parts if part["kind"] in ("unit_price", "usage", "variable")}
        known = {name: Fraction(int(name not in owned)) for name in names}
    price, reported = dict.fromkeys(names, ZERO), dict.fromkeys(names, ZERO)
    owners = [(price, pool, names)]
    owners += [(reported, values[key], among or names) for key, among in chosen.items() if key in royalties]
    owners += [(price, values[key], among) for key, among in chosen.items() if among and key not in royalties]
    for into, total, among in owners:
        weights = [known.get(name, ZERO) for name in among]
        for name, share in zip(among, shared(total, weights, now.digits) if among else (), strict=True):
            into[name] += share
    return price, reported


def earned(
    now: Standing, parts: list[Fact], name: str, gross: Fraction, royalties: Fraction
) -> tuple[Fraction, Fraction]:
    """What is allocated to an obligation in all, and what of it is revenue by the end of the day."""
    digits, one, done = now.digits, now.obligations[name], now.fraction(name)
    units, promised, back = now.units(name), amount(one, "quantity", 1), now.back(name)
    own = ZERO
    for kind in ("unit_price", "variable"):
        of = [part for part in parts if part["kind"] == kind and goes_with_units(part) and part["obligation"] == name]
        each = [
            amount(part, "amount") if kind == "unit_price" else estimate(now.judgement("variable", part["id"]))
            for part in of
        ]
        own += rounded(sum(each, ZERO) * units, digits)
    whole = promised if promised > 1 else units
    own -= rounded(own * min(back, whole) / whole, digits) if own and back and whole else ZERO
    price = gross - (rounded(gross * min(back, promised) / promised, digits) if back and promised else ZERO)
    held = min(amount(now.judgement("expected_cost", name), "uninstalled"), max(price, ZERO))
    core = rounded((price - held) * done, digits) + min(now.of(name, "uninstalled"), held)
    over_time = one["pattern"].startswith("ratable") or one["pattern"].endswith("_measure")
    licensed = Fraction(int(done > 0)) if over_time else done
    role = now.judgement("role", name)
    owed = amount(role, "owed_to_supplier") if role.get("role") == "agent" else ZERO
    used = now.of(name, "used")
    revenue = core + own + rounded(royalties * licensed, digits) + used - rounded(owed * done, digits)
    judged = now.judgement("returns", name)
    if judged and not judged["estimable"] and not now.of(name, "return_right_ends"):
        revenue = ZERO
    return price + own + royalties + used, revenue


def rows_of(archive: zipfile.ZipFile, name: str, column: str = "arrangement_id") -> dict[str, list[Row]]:
    """The rows of a file of the pack, by the value of a column."""
    found: dict[str, list[Row]] = {}
    for row in csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8"), newline="")):
        found.setdefault(row[column], []).append(row)
    return found


def equal(place: str, stands: object, should: Fraction) -> int:
    """One figure."""
    if Fraction(str(stands)) != should:
        right = Decimal(should.numerator) / Decimal(should.denominator)
        raise Differs(f"{place}: {stands} stands there, and {right} is right")
    return 1


def month_ends(first: date, last: date) -> list[date]:
    """The ends of months from a day on, and the last day itself."""
    found, day = [], first
    while (end := later(day.replace(day=1), 1) - DAY) < last:
        found.append(end)
        day = end + DAY
    return [*found, last]


def replan(one: Row, facts: list[Row], posted: list[Row], told: list[Row], digits: int) -> int:
    """Compare an arrangement with what its facts come to; gives the figures that agree, raises NotHere or Differs."""
    last = date.fromisoformat(one["run_through"])
    known = [(row["kind"], json.loads(row["body"])) for row in facts]
    begun = [day_of(fact, "inception") for kind, fact in known if kind == "contract"]
    posted = [row for row in posted if row["account"] == "revenue"]
    checked = 0
    for day in month_ends(min([*begun, *(date.fromisoformat(row["day"]) for row in posted)], default=last), last):
        plan = planned(Standing(known, day, digits))
        for name, (_, revenue) in plan.items():
            mine = [row for row in posted if row["subject"] == name and row["day"] <= day.isoformat()]
            stands = -sum((Fraction(row["amount"]) for row in mine), ZERO)
            checked += equal(f"{one['number']}, revenue of {name} by {day}", stands, revenue)
    for row in told:
        should = plan[row["obligation"]]
        for name, value in zip(("allocated", "recognised"), should, strict=True):
            place = f"arrangement_allocations.csv {row['obligation']} of {one['number']}, {name}"
            checked += equal(place, row[name], value)
    return checked


def main(path: str) -> int:
    """Check a pack; 0 where everything that is planned here is right."""
    checked, plans, left = 0, 0, []
    try:
        with zipfile.ZipFile(path) as archive:
            names = ("facts", "arrangement_postings", "arrangement_allocations")
            files = [rows_of(archive, name) for name in names]
            digits = json.loads(archive.read("manifest.json"))["minor_units"]
            for [one] in rows_of(archive, "arrangements", "id").values():
                if not one["run_through"]:
                    continue
                try:
                    facts, posted, told = (file.get(one["id"], []) for file in files)
                    checked += replan(one, facts, posted, told, digits[one["currency"]])
                    plans += 1
                except NotHere as asked:
                    left.append(f"{one['number']} ({asked})")
    except (Differs, KeyError, ValueError, ArithmeticError, zipfile.BadZipFile) as found:
        unread = "" if isinstance(found, Differs) else f"the pack cannot be read: {type(found).__name__}: "
        sys.stdout.write(f"DIFFERS  {unread}{found}.\n")
        return 1
    rest = f", not planned here: {', '.join(left)}" if left else ""
    sys.stdout.write(f"RIGHT  {plans} arrangements planned again, {checked} figures{rest}.\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
