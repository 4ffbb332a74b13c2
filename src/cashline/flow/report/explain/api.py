"""The API of `explain`: the derivation of any amount, recomputable from what it says."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.flow.report.explain.rules import Explanation
from cashline.platform.doors.caller import caller_of

router = Router(tags=["Reports"])


@router.get("/explain/{public_id}")
def explain_amount(request: HttpRequest, public_id: str) -> dict[str, Any]:
    """Why the amount of a document is what it is: rule, inputs, formula, result, and the documents behind it."""
    found = explain(public_id)
    caller_of(request).require("reports.read", entity_of(found))
    return shape(found)


def shape(found: Explanation) -> dict[str, Any]:
    """The explanation as every door tells it."""
    return {
        "title": found.title,
        "currency": found.currency,
        "amount": found.amount,
        "sound": found.sound,
        "derivation": found.derivation.as_json(),
        "also": [{"title": title, "derivation": one.as_json()} for title, one in found.also],
    }
