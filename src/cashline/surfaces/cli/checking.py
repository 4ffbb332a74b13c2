"""Commands that carry out files of cases: `cashline check billing FILE`, `cashline check revenue FILE`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cashline.surfaces.check.results import CaseResult

FILE = click.argument("file", type=click.Path(path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")


@click.group()
def check() -> None:
    """Carry out the cases of a file in a scratch company, and say what differs; your own data are not touched."""


@check.command("billing")
@FILE
@AS_JSON
def check_billing(file: Path, as_json: bool) -> None:
    """Cases of the format billing-scenarios/2; exits with 1 where any differs."""
    from cashline.surfaces.check.billing import billing_results

    _tell(billing_results(file), as_json=as_json)


@check.command("revenue")
@FILE
@AS_JSON
def check_revenue(file: Path, as_json: bool) -> None:
    """Cases of revenue recognition; exits with 1 where any differs."""
    from cashline.surfaces.check.revenue import revenue_results

    _tell(revenue_results(file), as_json=as_json)


def _tell(results: "Iterator[CaseResult]", *, as_json: bool) -> None:
    from cashline.surfaces.check.results import summary_as_json

    found: list[CaseResult] = []
    for result in results:
        found.append(result)
        if not as_json:
            _say(result)
    failed = sum(not one.passed for one in found)
    if as_json:
        click.echo(json.dumps(summary_as_json(found), indent=1))
    else:
        click.echo(f"{len(found)} cases: {len(found) - failed} passed, {failed} FAILED.")
    if failed:
        sys.exit(1)


def _say(result: "CaseResult") -> None:
    click.echo(f"{result.id:<14} {'passed' if result.passed else 'FAILED'}")
    for line in (result.problem, *map(str, result.differences)):
        if line:
            click.echo(f"{'':<15}{line}")
