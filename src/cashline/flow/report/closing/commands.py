"""`cashline close 2026-03`: preview a month's close, or close it."""

from typing import Any

import click

from cashline.platform.doors.terminal import TERMINAL, json_option, now, say


@click.command("close")
@click.argument("month")
@click.option("--entity", default="", help="The code of a legal entity; all, one after the other, where left out.")
@click.option(
    "--preview", is_flag=True, help="Show what would be recognised and what stands in the way; write nothing."
)
@click.option("--accept", multiple=True, metavar="TASK=WHY", help="Accept a task as it is found, with the reason.")
@click.option("--sign", multiple=True, metavar="TASK", help="Sign a task that no check can know.")
@click.option("--override", default="", metavar="WHY", help="Accept all that stands in the way, with the reason.")
@json_option
def COMMANDS(  # noqa: N802 - the name by which every domain's commands are found
    month: str, entity: str, preview: bool, accept: tuple[str, ...], sign: tuple[str, ...], override: str, as_json: bool
) -> None:
    """Recognise a month's revenue, check everything, and close it; ends with 1 where a task stands in the way."""
    from cashline.flow.report.closing.actions import close_month
    from cashline.flow.report.closing.api import month_named, result_shape
    from cashline.kernel.refusals import Refusal, Refusals
    from cashline.platform.company.queries import entities, entity_by_code

    first = month_named(month)
    shapes: list[dict[str, Any]] = []
    lines: list[str] = []
    blocked = False
    for owner in [entity_by_code(entity)] if entity else entities():
        who: dict[str, Any] = {"entity_id": owner.id, "month": first, "now": now(), "actor": TERMINAL.actor}
        try:
            signing = [(task, note) for task, _, note in (one.partition("=") for one in (*accept, *sign))]
            why = override.strip()
            result = close_month(preview=preview, signing=signing, override=bool(why), reason=why, **who)
        except Refusal as refusal:
            blocked = True
            found = list(refusal) if isinstance(refusal, Refusals) else [refusal]
            shapes.append(
                {"entity": owner.code, "month": month, "closed": False} | {"errors": [one.as_dict() for one in found]}
            )
            lines += [f"{owner.code} is not closed:", *(f"  {one.message} {one.fix}".rstrip() for one in found)]
            continue
        blocked = blocked or bool(result.blockers)
        shapes.append(result_shape(owner.code, result))
        verb = "would recognise" if preview else "recognised"
        count = result.revenue.agreements + result.arrangements.arrangements
        lines.append(f"{owner.code}: {verb} revenue of {count} contracts.")
        lines += [f"  {task.state.value:<9} {task.template.sentence}  {task.finding.found}" for task in result.tasks]
        lines.append(f"{month} is closed." if result.closed else f"{len(result.blockers)} tasks stand in the way.")
    say({"items": shapes}, "\n".join(lines), as_json=as_json)
    if blocked:
        raise click.exceptions.Exit(1)
