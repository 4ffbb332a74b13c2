"""`cashline explain`: why an amount is what it is, in a terminal."""

from collections.abc import Iterator

import click

from cashline.kernel.derivations import Derivation
from cashline.kernel.writing import write_money
from cashline.platform.doors.terminal import json_option, say


@click.command("explain")
@click.argument("public_id")
@json_option
def COMMANDS(public_id: str, as_json: bool) -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Tell why the amount of a document (inv_…, inl_…, crn_…, jen_…) is what it is."""
    from cashline.flow.report.explain.api import shape
    from cashline.flow.report.explain.queries import explain

    found = explain(public_id)
    amount = write_money(found.amount, found.currency, "en")
    steps = [f"  {words}" for words in found.steps()]
    lines = [f"{found.title}: {amount}", found.words(), *steps, "", "To recompute it:", *_told(found.derivation, 1)]
    say(shape(found), "\n".join(lines), as_json=as_json)


def _told(one: Derivation, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{one.result} = {one.formula}   ({one.rule}, version {one.version})"
    for name, value in one.inputs.items():
        yield f"{indent}  {name} = {value}"
    for part in one.parts:
        yield from _told(part, depth + 1)
