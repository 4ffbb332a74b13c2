"""Derivations: the compact record of how an amount was made (rule, version, inputs, formula, result).

The formula is arithmetic over the named inputs, so that anyone can recompute the amount: `recompute` does it here, and
a script outside the program can do the same from the exported JSON. Allowed: + - * /, comparison by `min` and `max`,
`round(x, digits)` with halves away from zero, `ceil(x)` and `sum` of a list input.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from cashline.kernel.rounding import divide, round_to

type Input = Decimal | int | str | Sequence[Decimal]


@dataclass(frozen=True, slots=True)
class Derivation:
    """How `result` came about. `parts` are the derivations of inputs that were themselves computed."""

    rule: str
    version: int
    inputs: Mapping[str, Input]
    formula: str
    result: Decimal
    note: str = ""
    parts: tuple["Derivation", ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The stored and published form; every number is a decimal string."""
        shape: dict[str, Any] = {
            "rule": self.rule,
            "version": self.version,
            "inputs": {name: _text(value) for name, value in self.inputs.items()},
            "formula": self.formula,
            "result": str(self.result),
        }
        if self.note:
            shape["note"] = self.note
        if self.parts:
            shape["parts"] = [part.as_json() for part in self.parts]
        return shape

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "Derivation":
        """Read the stored form back."""
        return cls(
            shape["rule"],
            shape["version"],
            shape["inputs"],
            shape["formula"],
            Decimal(shape["result"]),
            shape.get("note", ""),
            tuple(cls.from_json(part) for part in shape.get("parts", ())),
        )

    def recompute(self) -> Decimal:
        """Evaluate the formula over the inputs; equals `result` unless the record was tampered with."""
        return _evaluate(ast.parse(self.formula, mode="eval").body, self.inputs)

    def breaks(self) -> list[str]:
        """The rules in this record, parts included, whose formula does not give their result."""
        found = [] if self.recompute() == self.result else [f"{self.rule}/{self.version}"]
        for part in self.parts:
            found.extend(part.breaks())
        return found


def _text(value: Input) -> str | list[str]:
    if isinstance(value, str | Decimal | int):
        return str(value)
    return [str(item) for item in value]


def _number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _evaluate(node: ast.expr, inputs: Mapping[str, Any]) -> Decimal:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Decimal(node.value)
    if isinstance(node, ast.Name):
        return _number(inputs[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, inputs)
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, inputs), _evaluate(node.right, inputs)
        return _operate(node.op, left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args, inputs)
    raise ValueError(f"A formula may not hold {ast.dump(node)}.")


def _operate(operator: ast.operator, left: Decimal, right: Decimal) -> Decimal:
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div):
        return divide(left, right)
    raise ValueError(f"A formula may not use {type(operator).__name__}.")


def _call(name: str, arguments: list[ast.expr], inputs: Mapping[str, Any]) -> Decimal:
    if name == "sum" and len(arguments) == 1 and isinstance(arguments[0], ast.Name):
        return sum((_number(item) for item in inputs[arguments[0].id]), Decimal(0))
    values = [_evaluate(argument, inputs) for argument in arguments]
    if name == "round":
        return round_to(values[0], int(values[1]))
    if name == "ceil":
        return values[0].quantize(Decimal(1), ROUND_CEILING)
    if name in ("min", "max"):
        return (min if name == "min" else max)(values)
    raise ValueError(f"A formula may not call {name}.")
