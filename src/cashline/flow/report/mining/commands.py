"""`cashline events`: the event log as a file for process-mining tools, the chain of a document, and cycle times."""

from datetime import date
from typing import Any, BinaryIO

import click

from cashline.platform.doors.terminal import DAY, json_option, table


@click.group("events")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """The event log, from quote to cash."""


@COMMANDS.command("export")
@click.option(
    "--ocel", "target", required=True, type=click.File("wb"), help="The file to write; - for standard output."
)
@click.option("--since", type=DAY, default=None, help="The first day (UTC).")
@click.option("--until", type=DAY, default=None, help="The last day (UTC).")
def export_command(target: BinaryIO, since: date | None, until: date | None) -> None:
    """Write the event log as OCEL 2.0 JSON."""
    from cashline.flow.report.mining.api import start_of
    from cashline.flow.report.mining.queries import ocel

    written = 0
    for piece in ocel(since=start_of(since), until=start_of(until, 1)):
        written += target.write(piece)
    name = str(getattr(target, "name", "-"))
    if name not in ("-", "<stdout>"):
        click.echo(f"{written:,} bytes written to {name}.")


@COMMANDS.command("chain")
@click.argument("document_id")
@json_option
def chain_command(document_id: str, as_json: bool) -> None:
    """Everything that happened on the way from quote to cash to the documents that one belongs to."""
    from cashline.flow.report.mining.api import read_document
    from cashline.flow.report.mining.queries import chain_timeline

    documents, events = chain_timeline(*read_document(document_id))
    numbers = {document.id: document.number for document in documents}
    rows: list[dict[str, Any]] = [
        {
            "time": event.time,
            "event": event.type,
            "document": next((numbers[key] for key in event.object_ids if key in numbers), ""),
            "actor": event.actor,
            "reason": event.reason,
        }
        for event in events
    ]
    table(rows, ("time", "event", "document", "actor", "reason"), as_json=as_json)


@COMMANDS.command("cycle-times")
@click.option("--until", type=DAY, default=None, help="The last day of the window; today if left out.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3660))
@json_option
def cycle_times_command(until: date | None, days: int, as_json: bool) -> None:
    """How many days each stage took."""
    from cashline.flow.report.mining.api import time_shape
    from cashline.flow.report.mining.queries import cycle_times
    from cashline.platform.doors.terminal import today

    found = cycle_times(until=until or today(), days=days)
    columns = ("stage", "median_days", "ninetieth_percentile_days", "cases", "definition")
    table([time_shape(one) for one in found], columns, as_json=as_json)
