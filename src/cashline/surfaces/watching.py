"""Being watched: a health check for load balancers and gauges of money and queues for Prometheus."""

from django.http import HttpRequest, HttpResponse

from cashline.platform import sql
from cashline.platform.doors.caller import caller_of
from cashline.platform.outbox.queries import message_counts


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 where the database answers."""
    sql.fetch_one("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges in Prometheus' text format, for an API key that may read reports."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    from cashline.flow.report.metrics.queries import money_gauges

    caller_of(request).require("reports.read")
    registry = CollectorRegistry()
    outbox = Gauge("cashline_outbox_messages", "Messages to the outside by status.", ["status"], registry=registry)
    for status, count in message_counts().items():
        outbox.labels(status).set(count)
    for gauge in money_gauges():
        money = Gauge(gauge.name, gauge.help, ["currency"], registry=registry)
        for currency, amount in gauge.amounts.items():
            money.labels(currency).set(float(amount))
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4")
