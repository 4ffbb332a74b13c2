"""`cashline audit`: the audit pack, and its check, from a terminal."""

from pathlib import Path

import click

from cashline.platform.doors.terminal import now, say


@click.group("audit")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """What stands behind revenue, for whoever checks it."""


@COMMANDS.command("pack")
@click.option("--contract", default="", help="The number of a contract.")
@click.option("--entity", default="", help="The code of a legal entity, with --month.")
@click.option("--month", default="", help="2026-03, or FY2026-P03: all contracts that earned in it.")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The zip to write."
)
def pack_command(contract: str, entity: str, month: str, output: Path) -> None:
    """Write the pack of a contract, or of a month or fiscal period of an entity."""
    import shutil

    from cashline.flow.recognise.ledger.queries.books import period_named
    from cashline.flow.report.audit.queries import audit_pack, contract_for, contracts_of_period
    from cashline.platform.company.queries import entity_by_code

    if contract:
        chosen = contract_for(contract)[0]
    elif entity and month:
        owner = entity_by_code(entity)
        chosen = contracts_of_period(owner.id, period_named(owner.id, month))
    else:
        raise click.UsageError("Name a contract, or an entity and a month.")
    subject = contract or f"{entity} {month}"
    with audit_pack(chosen, subject=subject, now=now()) as file, output.open("wb") as target:
        shutil.copyfileobj(file, target)
    say({}, f"{output} holds {len(chosen)} contracts; check it with: cashline audit check {output}", as_json=False)


@COMMANDS.command("check")
@click.argument("pack", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_command(pack: Path) -> None:
    """Recompute every figure of a pack, and plan it again, by the scripts in it; ends with 1 where one differs."""
    import subprocess
    import sys

    from cashline.flow.report.audit.queries import SCRIPTS

    codes = [subprocess.run([sys.executable, "-I", str(one), str(pack)], check=False).returncode for one in SCRIPTS]
    raise click.exceptions.Exit(max(codes))
