"""Derivations: the compact record of how an amount was made (rule, version, inputs, formula, result).

The formula is arithmetic over the named inputs (`kernel/formulas.py` says what it may hold), so that anyone can
recompute the amount: `recompute` does it here, and a script outside the program can do so from the exported JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cashline.kernel.formulas import evaluate

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
        return evaluate(self.formula, self.inputs)

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
