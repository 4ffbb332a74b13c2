"""The API of `explain`: the derivation of any amount, recomputable from what it says."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Router

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.flow.report.explain.rules import Explanation
from cashline.kernel.identifiers import PREFIXES, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import PublicId, require_visible

router = Router(tags=["Reports"])


@router.get("/explain/{public_id}")
def explain_amount(request: HttpRequest, public_id: PublicId) -> dict[str, Any]:
    """Why the amount of a document is what it is: in sentences, as a formula to recompute, and its sources."""
    found = explain(public_id)
    require_visible(caller_of(request), "reports.read", entity_of(found), found.kind, found.id)
    return shape(found)


def shape(found: Explanation) -> dict[str, Any]:
    """The explanation as every door tells it."""
    return {
        "title": found.title,
        "currency": found.currency,
        "amount": found.amount,
        "sound": found.sound,
        "words": found.words(get_language() or "en"),
        "steps": list(found.steps(get_language() or "en")),
        "derivation": found.derivation.as_json(),
        "sources": [
            {"type": one.kind, "id": public(one.kind, one.id) if one.kind in PREFIXES else None, "label": one.label}
            for one in found.sources
        ],
        "also": [{"title": title, "derivation": one.as_json()} for title, one in found.also],
    }
