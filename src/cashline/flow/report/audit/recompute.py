"""Recomputes every figure of a Cashline audit pack:  python3 recompute.py pack.zip

Needs Python 3.9 or newer and nothing else. Ends with 0 where every figure is right, and with 1 at the first that is
not, saying which file, which row, what stands there and what should.
"""

import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any, NoReturn

WIDE = Context(prec=60)
ZERO = Decimal(0)
Row = dict[str, str]
TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|==|!=|[-+*/(),<>]))")


class Differs(Exception):
    """A figure of the pack that is not what it should be."""


def differ(place: str, stands: object, should: object) -> NoReturn:
    """Stop at a figure that differs."""
    raise Differs(f"{place}: {stands} stands there, and {should} is right")


# -- formulas: arithmetic over named decimals, 60 digits, halves rounded away from zero


class Formula:
    """Reads and works out one formula over its inputs."""

    def __init__(self, text: str, inputs: dict[str, Any]) -> None:
        self.words: list[str] = []
        self.inputs = inputs
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise Differs(f"the formula {text!r} cannot be read at {at}")
            self.words.append(found.group().strip())
            at = found.end()
        self.words.append("")

    def take(self, *wanted: str) -> str:
        """The next word, where it is one of those."""
        return self.words.pop(0) if self.words[0] in wanted and self.words[0] else ""

    def comparison(self) -> Decimal:
        """A sum, or a comparison of two: 1 or 0."""
        left = self.sum()
        sign = self.take("<", "<=", ">", ">=", "==", "!=")
        if not sign:
            return left
        right = self.sum()
        holds = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "==": left == right}
        return Decimal(int(holds.get(sign, left != right)))

    def sum(self) -> Decimal:
        """Products, added and taken away from left to right."""
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = WIDE.add(value, other) if sign == "+" else WIDE.subtract(value, other)
        return value

    def product(self) -> Decimal:
        """Atoms, multiplied and divided from left to right."""
        value = self.unary()
        while sign := self.take("*", "/"):
            other = self.unary()
            value = WIDE.multiply(value, other) if sign == "*" else WIDE.divide(value, other)
        return value

    def unary(self) -> Decimal:
        """An atom, or what is less than nothing."""
        return WIDE.minus(self.unary()) if self.take("-") else self.atom()

    def atom(self) -> Decimal:
        """A number, a name, a function or what stands in brackets."""
        word = self.words.pop(0)
        if word == "(":
            value = self.comparison()
            self.take(")")
            return value
        if word[:1].isdigit():
            return Decimal(word)
        if not self.take("("):
            if word not in self.inputs:
                raise Differs(f"the formula reads {word!r}, which is not given")
            return Decimal(str(self.inputs[word]))
        if word == "sum":
            name = self.words.pop(0)
            self.take(")")
            total = ZERO
            for item in self.inputs[name]:
                total = WIDE.add(total, Decimal(str(item)))
            return total
        values = [self.comparison()]
        while self.take(","):
            values.append(self.comparison())
        self.take(")")
        return function(word, values)


def function(name: str, values: list[Decimal]) -> Decimal:
    """What a function of the formulas gives."""
    if name == "round":
        return rounded(values[0], int(values[1]))
    if name == "if":
        return values[1] if values[0] else values[2]
    simple: dict[str, Callable[[list[Decimal]], Decimal]] = {"min": min, "max": max}
    simple["abs"] = lambda one: WIDE.abs(one[0])
    simple["floor"] = lambda one: one[0].to_integral_value(ROUND_FLOOR)
    simple["ceil"] = lambda one: one[0].to_integral_value(ROUND_CEILING)
    if name not in simple:
        raise Differs(f"there is no function {name!r}")
    return simple[name](values)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Halves away from zero; no negative zero."""
    found = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, WIDE)
    return found if found else abs(found)


def check_derivation(place: str, record: dict[str, Any]) -> None:
    """Every formula of a derivation gives its result."""
    for number, part in enumerate(record.get("parts", ())):
        check_derivation(f"{place} part {number}", part)
    formula = Formula(record["formula"], record["inputs"])
    found, stands = formula.comparison(), Decimal(record["result"])
    if formula.words != [""]:
        raise Differs(f"{place}: the formula {record['formula']!r} cannot be read to its end")
    if found != stands:
        differ(f"{place}, rule {record['rule']}, formula {record['formula']}", stands, found)


# -- the pack


class Pack:
    """The files of a pack, read once their hashes are right."""

    def __init__(self, path: str) -> None:
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = json.loads(self.files["manifest.json"])
        self.checked = 0
        listed = set(self.manifest["files"])
        for name in sorted(set(self.files) - listed - {"manifest.json"}):
            raise Differs(f"{name} is in the pack and not in its manifest")
        for name, told in self.manifest["files"].items():
            found = hashlib.sha256(self.files.get(name, b"")).hexdigest()
            if found != told["sha256"]:
                differ(f"{name}, its SHA-256", found, told["sha256"])
        self.tables = {name[:-4]: self.table(name) for name in self.files if name.endswith(".csv")}

    def table(self, name: str) -> list[Row]:
        """The rows of a CSV file by column."""
        rows = list(csv.DictReader(io.StringIO(self.files[name].decode("utf-8"), newline="")))
        told = self.manifest["files"][name]["rows"]
        if len(rows) != told:
            differ(f"{name}, its rows", len(rows), told)
        return rows

    def equal(self, place: str, stands: object, should: object) -> None:
        """One figure."""
        self.checked += 1
        if Decimal(str(stands)) != Decimal(str(should)):
            differ(place, stands, should)


def by(rows: Iterable[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    """Rows by the values of columns."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def total(rows: Iterable[Row], name: str) -> Decimal:
    """The sum of a column."""
    return sum((Decimal(row[name]) for row in rows), ZERO)


def check_terms(pack: Pack) -> None:
    """Obligations and revenue rest on agreed lines or on what was billed, and signed contracts on signatures."""
    lines = {row["line_id"] for name in ("terms", "charges") for row in pack.tables[name]}
    agreements = {row["id"] for row in pack.tables["agreements"]}
    for name in ("obligations", "postings"):
        for row in pack.tables[name]:
            pack.checked += 1
            if row["line_id"] not in lines or row["agreement_id"] not in agreements:
                raise Differs(f"{name}.csv {row['id']} is of no agreed line and of no charge of the pack")
    signed = {row["agreement_id"] for row in pack.tables["signatures"] if row["signed_at"]}
    for row in pack.tables["agreements"]:
        if row["origin"] == "contract" and row["signed_on"] and row["id"] not in signed:
            raise Differs(f"agreements.csv {row['number']} is signed, and no signature is in the pack")


def check_obligations(pack: Pack) -> None:
    """Each allocation follows its formula; those of a contract sum to its price, after every change of any of them."""
    for row in pack.tables["obligations"]:
        place = f"obligations.csv {row['id']}"
        record = json.loads(row["derivation"])
        if "note" not in record:  # the note tells how later facts moved the first allocation
            pack.equal(f"{place}, allocated_price against its derivation", row["allocated_price"], record["result"])
        check_derivation(place, record)
    closed = [row for row in pack.tables["obligations"] if row["open_ended"] != "true"]
    for (agreement,), rows in by(closed, "agreement_id").items():
        latest: dict[str, Row] = {}
        for (moment,), changed in sorted(by(rows, "created_at").items()):
            latest.update({row["line_id"]: row for row in sorted(changed, key=lambda row: int(row["version"]))})
            place = f"obligations.csv of agreement {agreement} at {moment}, allocated_price in all"
            pack.equal(place, total(latest.values(), "allocated_price"), total(latest.values(), "transaction_price"))


def check_postings(pack: Pack) -> None:
    """Each posting is revenue to date by its formula, less what was recognised before."""
    days = {row["id"]: row.get("belongs_on") or row["day"] for row in pack.tables["journal_entries"]}
    for (line,), rows in by(pack.tables["postings"], "line_id").items():
        for row in rows:
            day = days.get(row["entry_id"], "")
            row["of"] = day if day[:7] == row["month"][:7] else row["month"]
        for row in rows:
            place = f"postings.csv {row['id']} of line {line} in {row['month']}"
            record = json.loads(row["derivation"])
            pack.equal(f"{place}, amount against its derivation", row["amount"], record["result"])
            check_derivation(place, record)
            if "before" in record["inputs"]:
                earlier = [one for one in rows if came_before(one, row)]
                pack.equal(f"{place}, what was recognised before", record["inputs"]["before"], total(earlier, "amount"))
            if "posted" in record["inputs"]:
                check_month(pack, place, row, rows, record["inputs"]["posted"])


def check_month(pack: Pack, place: str, row: Row, rows: list[Row], posted: str) -> None:
    """What revenue of a billed line was taken less: what had been recognised of it from the posting's first day on."""
    earlier = [one for one in rows if came_before(one, row) and one["of"] >= row["month"]]
    pack.equal(f"{place}, what was recognised of the month", posted, total(earlier, "amount"))


def came_before(one: Row, row: Row) -> bool:
    """Was `one` recognised when `row` was planned, of a day up to its own? Another calendar parts months otherwise."""
    if one["month"] == row["month"]:
        return one["of"] <= row["of"] and int(one["sequence"]) < int(row["sequence"])
    return one["of"] <= row["of"] and (one["created_at"], one["id"]) < (row["created_at"], row["id"])


def check_journal(pack: Pack) -> None:
    """Entries balance, have all their lines, and carry the revenue of their postings."""
    lines = by(pack.tables["journal_lines"], "entry_id")
    roles = {row["id"]: (row["type"], row["role"]) for row in pack.tables["accounts"]}
    posted = by(pack.tables["postings"], "entry_id")
    for row in pack.tables["journal_entries"]:
        place, own = f"journal_entries.csv {row['id']} ({row['text']})", lines.get((row["id"],), [])
        pack.equal(f"{place}, number of lines", len(own), row["line_count"])
        pack.equal(f"{place}, sum in {row['currency']}", total(own, "amount"), 0)
        pack.equal(f"{place}, sum in the entity's currency", total(own, "functional_amount"), 0)
        if row["rule"] == "revenue":
            earned = [line for line in own if roles[line["account_id"]][0] == "income"]
            place += ", revenue against its postings"
            pack.equal(place, -total(earned, "amount"), total(posted.get((row["id"],), []), "amount"))
    known = {row["id"] for row in pack.tables["journal_entries"]}
    for (entry,), rows in posted.items():
        if entry not in known:
            raise Differs(f"postings.csv {rows[0]['id']} stands in entry {entry}, which is not in the pack")


def check_totals(pack: Pack) -> None:
    """What is told of each contract is the sum of the rows, and its position is recognised less billed."""
    positions = {row["id"] for row in pack.tables["accounts"] if row["role"] == "contract_position"}
    lines = by([row for row in pack.tables["journal_lines"] if row["account_id"] in positions], "agreement_id")
    postings = by(pack.tables["postings"], "agreement_id")
    invoices, credited = by(pack.tables["invoices"], "agreement_id"), by(pack.tables["credit_notes"], "agreement_id")
    told = {row["agreement_id"]: row for row in pack.tables["totals"]}
    for row in pack.tables["agreements"]:
        key, one = (row["id"],), told[row["id"]]
        place = f"totals.csv {row['number']}"
        billed = total(invoices.get(key, []), "net_total") - total(credited.get(key, []), "net_total")
        recognised = total(postings.get(key, []), "amount")
        pack.equal(f"{place}, recognised", one["recognised"], recognised)
        pack.equal(f"{place}, billed", one["billed"], billed)
        pack.equal(f"{place}, position", one["position"], total(lines.get(key, []), "amount"))
        pack.equal(f"{place}, position against recognised less billed", one["position"], recognised - billed)
    for name in ("invoices", "credit_notes"):
        for row in pack.tables[name]:
            place = f"{name}.csv {row['number']}, gross"
            pack.equal(place, row["gross_total"], Decimal(row["net_total"]) + Decimal(row["tax_total"]))


def check_arrangements(pack: Pack) -> None:
    """Allocations sum to their price; each posting is what stands less what was posted; judgements are answered for."""
    for name in ("arrangement_allocations", "arrangement_postings", "facts"):
        for key in by(pack.tables[name], "arrangement_id"):
            if key[0] not in {row["id"] for row in pack.tables["arrangements"]}:
                raise Differs(f"{name}.csv has rows of arrangement {key[0]}, which is not in the pack")
    for (arrangement, contract), rows in by(
        pack.tables["arrangement_allocations"], "arrangement_id", "contract"
    ).items():
        place = f"arrangement_allocations.csv of {contract} in {arrangement}"
        pack.equal(f"{place}, allocated in all", total(rows, "allocated"), rows[0]["price"])
        for row in rows:
            parts = sum((Decimal(row[name]) for name in ("recognised", "remaining", "set_aside")), ZERO)
            pack.equal(f"{place}, allocated to {row['obligation']}", row["allocated"], parts)
    for row in pack.tables["facts"]:
        pack.checked += 1
        if row["kind"] == "judgement" and not (row["paragraph"] and row["recorded_by"]):
            raise Differs(f"facts.csv {row['id']} is a judgement that nobody answers for")
    keys = ("arrangement_id", "account", "contract", "subject", "nature")
    for found in by(pack.tables["arrangement_postings"], *keys).values():
        for row in found:
            check_arrangement_posting(pack, row, found)


def check_arrangement_posting(pack: Pack, row: Row, found: list[Row]) -> None:
    """A posting is what stands at the end of its day, by its formula, less what was posted up to it before."""
    place = f"arrangement_postings.csv {row['id']} of {row['account']} {row['subject']} on {row['day']}"
    record = json.loads(row["derivation"])
    pack.equal(f"{place}, amount against its derivation", row["amount"], record["result"])
    check_derivation(place, record)
    earlier = [
        one
        for one in found
        if (one["day"] < row["day"] and (one["created_at"], one["id"]) < (row["created_at"], row["id"]))
        or (one["day"] == row["day"] and int(one["sequence"]) < int(row["sequence"]))
    ]
    pack.equal(f"{place}, what was posted before", record["inputs"]["before"], total(earlier, "amount"))


def check_arrangement_books(pack: Pack) -> None:
    """Entries hold what was posted; revenue is that of the allocations; the parts of a cost are the cost."""
    lines = by(pack.tables["journal_lines"], "entry_id")
    postings = pack.tables["arrangement_postings"]
    for (entry,), rows in by(postings, "entry_id").items():
        place = f"arrangement_postings.csv in entry {entry}"
        pack.equal(f"{place}, in all", total(rows, "amount"), 0)
        debits = [line for line in lines.get((entry,), []) if Decimal(line["amount"]) > 0]
        posted = sum((max(Decimal(row["amount"]), ZERO) for row in rows), ZERO)
        pack.equal(f"{place}, debits of the entry", total(debits, "amount"), posted)
    earned = by([row for row in postings if row["account"] == "revenue"], "arrangement_id", "subject")
    for row in pack.tables["arrangement_allocations"]:
        told = -total(earned.get((row["arrangement_id"], row["obligation"]), []), "amount")
        place = f"arrangement_allocations.csv {row['obligation']} in {row['arrangement_id']}, recognised"
        pack.equal(place, row["recognised"], told)
    spent = by([row for row in postings if row["nature"] != "clawback"], "arrangement_id", "subject")
    ran = {row["id"]: row["run_through"] for row in pack.tables["arrangements"]}
    for fact in pack.tables["facts"]:
        if fact["kind"] == "cost" and fact["effective_on"] <= ran[fact["arrangement_id"]]:
            rows = [
                row for row in spent.get((fact["arrangement_id"], fact["subject"]), []) if row["account"] in CARRIES
            ]
            place = f"facts.csv {fact['id']}, the cost {fact['subject']} by its parts"
            pack.equal(place, json.loads(fact["body"])["amount"], total(rows, "amount"))


CARRIES = ("cost_to_obtain_asset", "cost_to_fulfil_asset", "other_asset", "contract_cost_expense")
CHECKS = (
    check_terms,
    check_obligations,
    check_postings,
    check_journal,
    check_totals,
    check_arrangements,
    check_arrangement_books,
)


def main(path: str) -> int:
    """Check a pack; 0 where it is right."""
    try:
        pack = Pack(path)
        for check in CHECKS:
            check(pack)
    except Differs as found:
        sys.stdout.write(f"DIFFERS  {found}.\n")
        return 1
    except (KeyError, ValueError, ArithmeticError, zipfile.BadZipFile) as broken:
        sys.stdout.write(f"DIFFERS  the pack cannot be read: {type(broken).__name__}: {broken}.\n")
        return 1
    contracts = len(pack.tables["agreements"]) + len(pack.tables["arrangements"])
    postings = len(pack.tables["postings"]) + len(pack.tables["arrangement_postings"])
    sys.stdout.write(f"RIGHT  {pack.checked} figures of {contracts} contracts, {postings} postings among them.\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
