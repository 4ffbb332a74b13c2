"""`cashline`: the program in a terminal. Each domain brings its own commands; here are those of the whole."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from cashline import __version__
from cashline.kernel.refusals import Refusal, Refusals
from cashline.surfaces.cli import administration, checking

WITHOUT_DATABASE = {"--help", "--version", "demo", "serve", "migrate", "test", "check"}


class Cashline(click.Group):
    """The root: finds the commands of the domains when they are asked for, so that starting costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All words, in order."""
        return sorted({*super().list_commands(ctx), *_domain_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of our own, or a domain's."""
        return super().get_command(ctx, cmd_name) or _domain_commands().get(cmd_name)


def _domain_commands() -> dict[str, click.Command]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    from django.conf import settings

    found: dict[str, click.Command] = {command.name: command for command in administration.COMMANDS if command.name}
    for name in settings.FLOW + settings.REPORTS:
        module = f"cashline.flow.{name}.commands"
        if find_spec(module):
            for command in _as_list(import_module(module).COMMANDS):
                found[command.name] = command
    return found


def _as_list(commands: Any) -> Sequence[Any]:
    return commands if isinstance(commands, list | tuple) else [commands]


@click.group(cls=Cashline, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Cashline: from quote to collected, recognised cash, on one set of books."""


@cli.command()
@click.option("--port", default=8000, show_default=True, help="The port to serve on.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--reset", is_flag=True, help="Throw the demo company away and seed it again.")
def demo(port: int, host: str, reset: bool) -> None:
    """Start everything with a demo company, and say where to look."""
    from cashline.surfaces.cli.serving import run_demo

    run_demo(host=host, port=port, reset=reset)


@cli.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--workers", default=2, show_default=True, help="Web processes of four threads each.")
@click.option("--with-jobs/--without-jobs", default=True, help="Also run the jobs in a process of their own.")
def serve(port: int, host: str, workers: int, with_jobs: bool) -> None:
    """Serve the console, the portal and the API."""
    from cashline.surfaces.cli.serving import run_server

    run_server(host=host, port=port, workers=workers, with_jobs=with_jobs)


@cli.command()
def migrate() -> None:
    """Bring the tables of the database up to date, as its owner."""
    from cashline.surfaces.cli.serving import migrate_database

    migrate_database()
    click.echo("The database is up to date.")


@cli.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
def worker(once: bool) -> None:
    """Run the jobs: fulfilment steps, the outbox, and the daily schedule."""
    from cashline.surfaces.cli.working import work

    work(once=once)


cli.add_command(checking.check)


@cli.group()
def clock() -> None:
    """Look at the clock, or move a sandbox's."""


@clock.command("show")
@click.option("--json", "as_json", is_flag=True)
def clock_show(as_json: bool) -> None:
    """What time it is for this database."""
    from cashline.platform.clock.queries import read_clock

    reading = read_clock()
    if as_json:
        click.echo(json.dumps({"now": reading.now.isoformat(), "sandbox": reading.sandbox, "moved": reading.moved}))
    else:
        click.echo(f"{reading.now.isoformat()}{' (moved)' if reading.moved else ''}")


@clock.command("advance")
@click.option("--to", "to", required=True, help="The day to advance to; every job of the days between runs.")
def clock_advance(to: str) -> None:
    """Move a sandbox's clock forward, day by day, running the real jobs of each."""
    from cashline.flow.schedule import advance_clock

    day = date.fromisoformat(to)
    days = advance_clock(to=datetime.combine(day, time(12), UTC), actor="system:clock")
    click.echo(f"The clock stands at {day.isoformat()}; {days} days passed.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: refusals become sentences and exit code 1, usage errors 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    program = os.environ.get("CASHLINE_CALLED", "cashline")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    from cashline.platform.database.connection import ConfigurationError, available
    from cashline.platform.database.embedded import ServerError

    try:
        if not words or words[0] in WITHOUT_DATABASE or "--help" in words or "-h" in words:
            import django

            django.setup()
            cli.main(args=words, prog_name=program, standalone_mode=False)
            return
        with available():
            import django

            django.setup()
            cli.main(args=words, prog_name=program, standalone_mode=False)
    except Refusal as refusal:
        _complain(refusal, as_json="--json" in words)
        sys.exit(1)
    except (ConfigurationError, ServerError) as error:
        click.echo(f"cashline: {error}", err=True)
        sys.exit(1)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _complain(refusal: Refusal, *, as_json: bool) -> None:
    found = list(refusal) if isinstance(refusal, Refusals) else [refusal]
    if as_json:
        click.echo(json.dumps({"errors": [item.as_dict() for item in found]}))
        return
    for item in found:
        place = f" [{item.field}]" if item.field else ""
        fix = f" {item.fix}" if item.fix else ""
        click.echo(f"{item.code}{place}: {item.message}{fix}", err=True)
