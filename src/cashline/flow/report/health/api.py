"""The API of health: every conservation law over live data."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from cashline.flow.report.health.commands import shape
from cashline.flow.report.health.queries import verify
from cashline.platform.doors.caller import caller_of

router = Router(tags=["Reports"])


@router.get("/health/laws")
def health_laws(request: HttpRequest) -> dict[str, Any]:
    """Check every law now; hashes and derivations by a sample."""
    caller_of(request).require("reports.read")
    return shape(verify())
