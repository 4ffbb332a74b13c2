"""Proposals as they are kept beside a line, and read again when a person decides."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.receive.bank.rules.match_plan import MatchRule, Proposal, ProposedAllocation, WriteOffReason


def proposals_as_json(proposals: Iterable[Proposal]) -> list[dict[str, Any]]:
    """The proposals as JSON; amounts and ids are strings."""
    return [
        {
            "rule": proposal.rule.value,
            "confidence": proposal.confidence,
            "customer_id": str(proposal.customer_id),
            "allocations": [
                {
                    "invoice_id": str(one.invoice_id),
                    "number": one.number,
                    "amount": str(one.amount),
                    "write_off": str(one.write_off),
                    "write_off_reason": one.write_off_reason.value if one.write_off_reason else None,
                }
                for one in proposal.allocations
            ],
            "unapplied": str(proposal.unapplied),
            "reasons": list(proposal.reasons),
        }
        for proposal in proposals
    ]


def proposals_from_json(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Proposal, ...]:
    """The proposals that were kept, best first; their ids are UUIDs."""
    return tuple(
        Proposal(
            MatchRule(one["rule"]),
            one["confidence"],
            UUID(one["customer_id"]),
            tuple(_allocation(part) for part in one["allocations"]),
            Decimal(one["unapplied"]),
            tuple(one["reasons"]),
        )
        for one in stored or ()
    )


def _allocation(part: Mapping[str, Any]) -> ProposedAllocation:
    reason = part["write_off_reason"]
    return ProposedAllocation(
        UUID(part["invoice_id"]),
        part["number"],
        Decimal(part["amount"]),
        Decimal(part["write_off"]),
        WriteOffReason(reason) if reason else None,
    )
