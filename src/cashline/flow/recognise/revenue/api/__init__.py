"""The API of revenue: the run, arrangements with their facts, schedule and what-if, and stand-alone prices."""

from cashline.flow.recognise.revenue.api import arrangements, modifications, pricing, runs
from cashline.flow.recognise.revenue.api.routing import router

__all__ = ["arrangements", "modifications", "pricing", "router", "runs"]
