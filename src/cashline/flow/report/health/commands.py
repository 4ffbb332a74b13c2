"""`cashline verify`: every conservation law over live data, from a terminal."""

from typing import Any

import click

from cashline.flow.report.health.rules import Checked, Verification
from cashline.platform.doors.terminal import json_option, say


@click.command("verify")
@click.option("--whole", is_flag=True, help="Compute every hash and every derivation again, not a sample.")
@json_option
def COMMANDS(whole: bool, as_json: bool) -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Check every conservation law; names the first break and ends with 1 where one is broken."""
    from cashline.flow.report.health.queries import check_laws

    checked: list[Checked] = []
    for law in check_laws(whole=whole):
        checked.append(law)
        if not as_json:
            click.echo(f"{'broken' if law.breaks else 'holds':>6}  {law.milliseconds:>6} ms  {law.sentence}")
    found = Verification(tuple(checked))
    sentence = f"{len(checked)} laws hold." if found.sound else f"Broken: {found.first_break}"
    say(shape(found), sentence, as_json=as_json)
    if not found.sound:
        raise click.exceptions.Exit(1)


def shape(found: Verification) -> dict[str, Any]:
    """The outcome as every door tells it."""
    return {
        "sound": found.sound,
        "laws": [
            {
                "code": law.code,
                "sentence": law.sentence,
                "milliseconds": law.milliseconds,
                "breaks": [
                    {"kind": one.kind, "document": one.document, "expected": one.expected, "found": one.found}
                    for one in law.breaks
                ],
            }
            for law in found.checked
        ],
    }
