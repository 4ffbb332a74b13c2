"""Formulas: arithmetic over named decimals, read by a parser of our own; nothing of Python is ever run.

    expression = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
    sum = product { ("+" | "-") product }      product = unary { ("*" | "/") unary }
    unary = [ "-" ] atom
    atom = number | name | "(" expression ")" | function "(" expression { "," expression } ")"

Functions: `min`, `max`, `abs`, `floor`, `ceil`, `round(x, digits)` with halves away from zero, `sum(name)` of a list,
and `if(condition, then, else)`. A comparison gives 1 or 0. Numbers have 60 significant digits. A formula is bounded in
length and depth, so that evaluating one takes a bounded time.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, DecimalException
from functools import lru_cache
from typing import Any

from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import MAX_DIGITS, WIDE, round_to

MAX_LENGTH = 1000
MAX_DEPTH = 40
_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|==|!=|[-+*/(),<>]))")
_ARGUMENTS = {"abs": (1, 1), "floor": (1, 1), "ceil": (1, 1), "round": (2, 2), "sum": (1, 1), "if": (3, 3)}
_MOST = MAX_LENGTH
FUNCTIONS = frozenset({*_ARGUMENTS, "min", "max"})


class BadFormula(InvalidValue, ValueError):
    """A formula that cannot be read, or that gives no number."""

    code = "bad_formula"


type Node = Decimal | str | Operation


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function with its operands; a plain name is a str, a number a Decimal."""

    name: str
    operands: tuple[Node, ...]


def evaluate(formula: str, inputs: Mapping[str, Any]) -> Decimal:
    """What the formula comes to over the inputs; raises BadFormula, also for a division by zero."""
    try:
        return _value(parse(formula), inputs)
    except DecimalException as error:
        raise BadFormula(f"{formula!r} divides by zero or grows without bound.", field="formula") from error


def names_in(formula: str) -> frozenset[str]:
    """The inputs that the formula reads."""
    return frozenset(_names(parse(formula)))


def require_names(formula: str, known: Collection[str]) -> None:
    """Raise BadFormula unless the formula can be read and reads nothing but what is known."""
    if unknown := sorted(names_in(formula) - set(known)):
        raise BadFormula(f"The formula reads {unknown[0]!r}; it may read: {', '.join(sorted(known))}.", field="formula")


@lru_cache(maxsize=4096)
def parse(formula: str) -> Node:
    """The formula as a tree; raises BadFormula with the place of the first mistake."""
    if len(formula) > MAX_LENGTH:
        raise BadFormula(f"A formula has {MAX_LENGTH} characters at most.", field="formula")
    reader = _Reader(formula)
    node = reader.expression(0)
    if reader.word:
        raise reader.wrong("the end or an operator")
    return node


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.at = 0
        self.word = ""
        self.step()

    def step(self) -> str:
        """Go to the next word; gives the one before it."""
        before = self.word
        found = _TOKEN.match(self.formula, self.at)
        if found:
            self.word, self.at = found.group().strip(), found.end()
        elif self.formula[self.at :].strip():
            self.word = self.formula[self.at :].strip()[0]
            raise self.wrong("a number, a name or an operator")
        else:
            self.word = ""
        return before

    def wrong(self, wanted: str) -> BadFormula:
        found = f"{self.word!r}" if self.word else "the end"
        return BadFormula(f"The formula {self.formula!r} has {found} where {wanted} is wanted.", field="formula")

    def take(self, word: str) -> None:
        if self.word != word:
            raise self.wrong(f"{word!r}")
        self.step()

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise BadFormula(f"A formula is nested {MAX_DEPTH} deep at most.", field="formula")
        left = self.chain(("+", "-"), depth)
        if self.word in ("<", "<=", ">", ">=", "==", "!="):
            name = self.step()
            return Operation(name, (left, self.chain(("+", "-"), depth)))
        return left

    def chain(self, operators: tuple[str, ...], depth: int) -> Node:
        """Operands of one precedence, from left to right."""
        left = self.chain(("*", "/"), depth) if "+" in operators else self.unary(depth)
        while self.word in operators:
            name = self.step()
            right = self.chain(("*", "/"), depth) if "+" in operators else self.unary(depth)
            left = Operation(name, (left, right))
        return left

    def unary(self, depth: int) -> Node:
        if self.word == "-":
            self.step()
            if depth > MAX_DEPTH:
                raise BadFormula(f"A formula is nested {MAX_DEPTH} deep at most.", field="formula")
            return Operation("negate", (self.unary(depth + 1),))
        return self.atom(depth)

    def atom(self, depth: int) -> Node:
        word = self.word
        if word == "(":
            self.step()
            node = self.expression(depth + 1)
            self.take(")")
            return node
        if word[:1].isdigit():
            self.step()
            return Decimal(word)
        if not (word[:1].isalpha() or word[:1] == "_"):
            raise self.wrong("a number or a name")
        self.step()
        return self.call(word, depth) if self.word == "(" else word

    def call(self, name: str, depth: int) -> Node:
        if name not in FUNCTIONS:
            raise BadFormula(f"There is no function {name!r}; known: {', '.join(sorted(FUNCTIONS))}.", field="formula")
        operands: list[Node] = []
        self.take("(")
        while True:
            operands.append(self.expression(depth + 1))
            if self.word != ",":
                break
            self.step()
        self.take(")")
        least, most = _ARGUMENTS.get(name, (1, _MOST))
        if not least <= len(operands) <= most:
            raise BadFormula(f"{name} takes {least} values, not {len(operands)}.", field="formula")
        if name == "sum" and not isinstance(operands[0], str):
            raise BadFormula("sum takes the name of a list.", field="formula")
        return Operation(name, tuple(operands))


def _names(node: Node) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [name for one in node.operands for name in _names(one)] if isinstance(node, Operation) else []


def _number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _given(name: str, inputs: Mapping[str, Any]) -> Any:
    if name not in inputs:
        raise BadFormula(f"The formula reads {name!r}, which is not given.", field="formula")
    return inputs[name]


def _listed(name: str, inputs: Mapping[str, Any]) -> list[Any] | tuple[Any, ...]:
    found = _given(name, inputs)
    if not isinstance(found, list | tuple):
        raise BadFormula(f"The formula sums {name!r}, which is no list.", field="formula")
    return found


def _value(node: Node, inputs: Mapping[str, Any]) -> Decimal:
    if isinstance(node, Decimal):
        return node
    if isinstance(node, str):
        return _number(_given(node, inputs))
    if node.name == "sum":
        total = Decimal(0)
        for item in _listed(str(node.operands[0]), inputs):
            total = WIDE.add(total, _number(item))
        return total
    if node.name == "if":
        return _value(node.operands[1 if _value(node.operands[0], inputs) else 2], inputs)
    return _operate(node.name, [_value(one, inputs) for one in node.operands])


def _operate(name: str, values: list[Decimal]) -> Decimal:
    match name:
        case "+":
            return WIDE.add(*values)
        case "-":
            return WIDE.subtract(*values)
        case "*":
            return WIDE.multiply(*values)
        case "/":
            return WIDE.divide(*values)
        case "negate":
            return WIDE.minus(values[0])
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "abs":
            return WIDE.abs(values[0])
        case "floor":
            return values[0].to_integral_value(ROUND_FLOOR)
        case "ceil":
            return values[0].to_integral_value(ROUND_CEILING)
        case "round":
            return _round(*values)
    left, right = values
    holds = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "==": left == right}
    return Decimal(int(holds.get(name, left != right)))


def _round(value: Decimal, digits: Decimal) -> Decimal:
    if digits not in range(MAX_DIGITS + 1):
        raise BadFormula(f"round keeps 0 to {MAX_DIGITS} digits, not {digits}.", field="formula")
    return round_to(value, int(digits))
