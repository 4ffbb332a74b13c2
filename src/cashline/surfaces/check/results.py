"""What a check found: a result for each case, with every difference between what the file expects and what came out."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that differs: `what` says where, in the words of the file."""

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case came out. `problem` is a sentence where it could not be carried out to its end."""

    id: str
    passed: bool
    differences: tuple[Difference, ...] = ()
    problem: str = ""

    @classmethod
    def of(cls, case_id: str, differences: "tuple[Difference, ...] | list[Difference]") -> "CaseResult":
        """A case that was carried out: passed unless something differs."""
        return cls(case_id, not differences, tuple(differences))

    @classmethod
    def failed(cls, case_id: str, problem: str) -> "CaseResult":
        """A case that could not be carried out."""
        return cls(case_id, passed=False, problem=problem)

    def as_json(self) -> dict[str, Any]:
        """The published form."""
        shape: dict[str, Any] = {
            "id": self.id,
            "passed": self.passed,
            "differences": [
                {"what": one.what, "expected": one.expected, "found": one.found} for one in self.differences
            ],
        }
        return {**shape, "problem": self.problem} if self.problem else shape


def summary_as_json(results: list[CaseResult]) -> dict[str, Any]:
    """The whole answer of a check."""
    passed = sum(one.passed for one in results)
    return {
        "passed": passed == len(results),
        "cases": len(results),
        "cases_passed": passed,
        "cases_failed": len(results) - passed,
        "results": [one.as_json() for one in results],
    }
