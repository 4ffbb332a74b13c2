"""The API of revenue: the run, and arrangements with their facts, schedule and what-if."""

from cashline.flow.recognise.revenue.api import arrangements, modifications, runs
from cashline.flow.recognise.revenue.api.routing import router

__all__ = ["arrangements", "modifications", "router", "runs"]
