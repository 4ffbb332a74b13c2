"""The API of health: every conservation law over live data."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from cashline.flow.report.health.commands import shape
from cashline.flow.report.health.queries import LAWS, verify
from cashline.flow.report.health.rules import Depth
from cashline.platform.doors.caller import caller_of
from cashline.platform.snapshots.actions import request_figure
from cashline.platform.snapshots.queries import requested

router = Router(tags=["Reports"])


@router.get("/health/laws")
def health_laws(request: HttpRequest) -> dict[str, Any]:
    """Check every law now; hashes and derivations by a sample."""
    caller_of(request).require("reports.read")
    return shape(verify())


@router.get("/health/checks")
def health_checks(request: HttpRequest) -> dict[str, Any]:
    """The last check that was kept and as of when, and since when another is on its way."""
    caller_of(request).require("reports.read")
    return _told()


@router.post("/health/checks")
def health_check(request: HttpRequest) -> dict[str, Any]:
    """Ask for a check of every law by the worker; asking again before it is made changes nothing."""
    caller = caller_of(request)
    caller.require("reports.read")
    request_figure(LAWS, Depth(), now=caller.now, actor=caller.actor)
    return _told()


def _told() -> dict[str, Any]:
    found = requested(LAWS, Depth())
    last = found.last
    return {
        "requested_at": found.requested_at.isoformat() if found.requested_at else None,
        "as_of": last.as_of.isoformat() if last else None,
        "milliseconds": last.milliseconds if last else None,
        "result": shape(last.answer) if last else None,
    }
