"""Lifecycles: which changes of status a document allows, as one table that pages, doors and actions read.

A status changes only through the table of its document; every change leaves an event row with who, when and why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cashline.kernel.refusals import Refusal


class IllegalTransition(Refusal):
    """The document is not in a status from which this step is possible."""

    code = "illegal_transition"
    status = 409


@dataclass(frozen=True, slots=True)
class Transition[S: StrEnum]:
    """One allowed step: the verb, the statuses it starts from and the one it leads to."""

    verb: str
    sources: frozenset[S]
    target: S


class Lifecycle[S: StrEnum]:
    """The transition table of one kind of document."""

    def __init__(self, document: str, *steps: tuple[str, Iterable[S], S]) -> None:
        self.document = document
        self.transitions = {verb: Transition(verb, frozenset(sources), target) for verb, sources, target in steps}
        if len(self.transitions) != len(steps):
            raise ValueError(f"A verb of {document} stands twice.")

    def target(self, verb: str, status: S | str, *, document_id: str = "") -> S:
        """The status after `verb`; raises IllegalTransition where the table has no such step."""
        transition = self.transitions[verb]
        if status not in transition.sources:
            allowed = ", ".join(sorted(source.value for source in transition.sources))
            raise IllegalTransition(
                f"Cannot {verb.replace('_', ' ')} this {self.document}: it is {status}, not {allowed}.",
                field="status",
                document=document_id or self.document,
                status=str(status),
            )
        return transition.target

    def allows(self, verb: str, status: S | str) -> bool:
        """Is the step possible from that status?"""
        return status in self.transitions[verb].sources

    def verbs(self, status: S | str) -> list[str]:
        """The steps possible from a status, in the order of the table."""
        return [verb for verb, transition in self.transitions.items() if status in transition.sources]
