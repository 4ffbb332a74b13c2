"""`cashline close 2026-03`, or `FY2026-P03`: preview the close of a period, or close it."""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from cashline.platform.doors.terminal import TERMINAL, json_option, now, say

if TYPE_CHECKING:
    from cashline.platform.company.queries import Entity


@click.command("close")
@click.argument("period")
@click.option("--entity", default="", help="The code of a legal entity; where left out, all that have such a period.")
@click.option(
    "--preview", is_flag=True, help="Show what would be recognised and what stands in the way; write nothing."
)
@click.option("--accept", multiple=True, metavar="TASK=WHY", help="Accept a task as it is found, with the reason.")
@click.option("--sign", multiple=True, metavar="TASK", help="Sign a task that no check can know.")
@click.option("--override", default="", metavar="WHY", help="Accept all that stands in the way, with the reason.")
@json_option
def COMMANDS(  # noqa: N802 - the name by which every domain's commands are found
    period: str,
    entity: str,
    preview: bool,
    accept: tuple[str, ...],
    sign: tuple[str, ...],
    override: str,
    as_json: bool,
) -> None:
    """Recognise the revenue of a PERIOD, check everything, and close it; ends with 1 where a task stands in the way.

    It is named as the entity's fiscal calendar does: 2026-03 for a month, FY2026-P03 for weeks.
    """
    from cashline.flow.report.closing.actions import close_month
    from cashline.flow.report.closing.api import result_shape
    from cashline.kernel.refusals import Refusal, Refusals

    shapes: list[dict[str, Any]] = []
    lines: list[str] = []
    blocked = False
    for owner, first in _closing(period, entity):
        who: dict[str, Any] = {"entity_id": owner.id, "month": first, "now": now(), "actor": TERMINAL.actor}
        try:
            signing = [(task, note) for task, _, note in (one.partition("=") for one in (*accept, *sign))]
            why = override.strip()
            result = close_month(preview=preview, signing=signing, override=bool(why), reason=why, **who)
        except Refusal as refusal:
            blocked = True
            found = list(refusal) if isinstance(refusal, Refusals) else [refusal]
            shapes.append(
                {"entity": owner.code, "month": period, "closed": False} | {"errors": [one.as_dict() for one in found]}
            )
            lines += [f"{owner.code} is not closed:", *(f"  {one.message} {one.fix}".rstrip() for one in found)]
            continue
        blocked = blocked or bool(result.blockers)
        shapes.append(result_shape(owner, result))
        verb = "would recognise" if preview else "recognised"
        count = result.revenue.agreements + result.arrangements.arrangements
        lines.append(f"{owner.code}: {verb} revenue of {count} contracts.")
        lines += [f"  {task.state.value:<9} {task.template.sentence}  {task.finding.found}" for task in result.tasks]
        lines.append(f"{period} is closed." if result.closed else f"{len(result.blockers)} tasks stand in the way.")
    say({"items": shapes}, "\n".join(lines), as_json=as_json)
    if blocked:
        raise click.exceptions.Exit(1)


def _closing(period: str, entity: str) -> "list[tuple[Entity, date]]":
    """The entity that is named, or all whose calendar has the period, each with its first day. Raises NotFound."""
    from cashline.flow.recognise.ledger.queries.books import period_named
    from cashline.kernel.refusals import NotFound
    from cashline.platform.company.queries import entities, entity_by_code

    if entity:
        owner = entity_by_code(entity)
        return [(owner, period_named(owner.id, period).start)]
    found: list[tuple[Entity, date]] = []
    missing: NotFound | None = None
    for owner in entities():
        try:
            found.append((owner, period_named(owner.id, period).start))
        except NotFound as refusal:
            missing = refusal
    if missing is not None and not found:
        raise missing
    return found
