"""`cashline books …`: the books beside the journal from a terminal."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from cashline.kernel.identifiers import public
from cashline.platform.doors.terminal import DAY, TERMINAL, json_option, now, reason_option, say, table, today

entity_option = click.option("--entity", required=True, help="The code of the legal entity.")
policy_option = click.option(
    "--policy", "given", multiple=True, metavar="NAME=VALUE", help="A choice that differs from the journal's."
)


@click.group("books")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Books beside the journal: ASC 606, IFRS 15 or statutory, each with its policies, and how two of them differ."""


@COMMANDS.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """The books, with what each decides otherwise than the journal."""
    from cashline.flow.recognise.books.api import shape
    from cashline.flow.recognise.books.queries import books_of

    items: list[dict[str, Any]] = [shape(row) for row in books_of()]
    shown = items if as_json else [one | {"differs": "; ".join(x["what"] for x in one["differs"])} for one in items]
    table(shown, ("id", "code", "name", "standard", "differs"), as_json=as_json)


@COMMANDS.command("open")
@click.argument("code")
@entity_option
@click.option("--name", required=True, help="What the book is called.")
@click.option("--standard", required=True, type=click.Choice(["asc606", "ifrs15", "statutory"]))
@policy_option
@reason_option
@json_option
def open_command(
    code: str, entity: str, name: str, standard: str, given: tuple[str, ...], reason: str, as_json: bool
) -> None:
    """Open a book for an entity."""
    from cashline.flow.recognise.books.actions import NewBook, open_book
    from cashline.flow.recognise.books.api import shape
    from cashline.flow.recognise.books.queries import book
    from cashline.flow.recognise.books.rules.policies import Standard
    from cashline.platform.company.queries import entity_by_code

    new = NewBook(entity_by_code(entity).id, code, name, Standard(standard), _policies(given))
    key = open_book(new, reason=reason, now=now(), actor=TERMINAL.actor)
    say(shape(book(key)), f"The book {code} ({public('accounting_book', key)}) is open.", as_json=as_json)


@COMMANDS.command("decide")
@click.argument("code")
@entity_option
@policy_option
@reason_option
@json_option
def decide_command(code: str, entity: str, given: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Decide what a book elects, for all periods; policies that are not named are those of the journal."""
    from cashline.flow.recognise.books.actions import set_policies
    from cashline.flow.recognise.books.api import shape
    from cashline.flow.recognise.books.queries import book, book_by_code
    from cashline.platform.company.queries import entity_by_code

    row = book_by_code(entity_by_code(entity).id, code)
    set_policies(book_id=row.id, policies=_policies(given), reason=reason, now=now(), actor=TERMINAL.actor)
    say(shape(book(row.id)), f"{code} follows these policies; the next run posts the difference.", as_json=as_json)


@COMMANDS.command("run")
@click.option("--through", required=True, type=DAY, help="The last day that counts.")
@click.option("--preview", is_flag=True, help="Show what the run would post, and post nothing.")
@json_option
def run_command(through: date, preview: bool, as_json: bool) -> None:
    """Post where books differ from the journal, once its revenue is run."""
    from cashline.flow.recognise.books.actions import run_books
    from cashline.flow.recognise.books.api import run_shape

    results = run_books(through=through, now=now(), actor=TERMINAL.actor, preview=preview)
    shape = {"through": through, "preview": preview, "books": [run_shape(one) for one in results]}
    verb = "would be" if preview else "are"
    lines = [
        f"{one.book.code}: {one.entries} entries of {one.contracts} contracts {verb} posted; "
        f"{len(one.exceptions)} contracts could not be compared."
        for one in results
    ]
    say(shape, "\n".join(lines) or "There is no book beside the journal.", as_json=as_json)


@COMMANDS.command("what-if")
@click.argument("code")
@entity_option
@click.option("--through", required=True, type=DAY, help="The last day that counts.")
@policy_option
@json_option
def what_if_command(code: str, entity: str, through: date, given: tuple[str, ...], as_json: bool) -> None:
    """What a run would post if a book elected other policies; nothing is kept."""
    from cashline.flow.recognise.books.actions import suppose_policies
    from cashline.flow.recognise.books.api import run_shape
    from cashline.flow.recognise.books.queries import book_by_code
    from cashline.platform.company.queries import entity_by_code

    row = book_by_code(entity_by_code(entity).id, code)
    policies = _policies(given)
    found = suppose_policies(book_id=row.id, policies=policies, through=through, now=now(), actor=TERMINAL.actor)
    shape = run_shape(found)
    lines = [f"{one['month']}  {one['account']:<20} {one['amount']} {one['currency']}" for one in shape["amounts"]]
    say(shape, "\n".join(lines) or "Nothing would be posted.", as_json=as_json)


@COMMANDS.command("trial-balance")
@click.argument("code")
@entity_option
@click.option("--as-of", type=DAY, default=None, help="The day; today where left out.")
@json_option
def trial_balance_command(code: str, entity: str, as_of: date | None, as_json: bool) -> None:
    """Debits, credits and balance of each account in a book (`journal`: the journal)."""
    from cashline.flow.recognise.books.api import chosen
    from cashline.flow.recognise.books.queries import book_balances
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    rows = book_balances(owner.id, chosen(owner, code), as_of or today(owner.timezone))
    items = [
        {"code": row.code, "name": row.name, "debit": row.debit, "credit": row.credit, "balance": row.balance}
        for row in rows
    ]
    table(items, ("code", "name", "debit", "credit", "balance"), as_json=as_json)


@COMMANDS.command("differences")
@click.argument("second")
@entity_option
@click.option("--first", default="journal", show_default=True, help="The code of the book to compare with.")
@click.option("--from", "start", type=DAY, default=None, help="The first day.")
@click.option("--to", "last", type=DAY, default=None, help="The last day.")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write all rows to that file.")
@json_option
def differences_command(
    second: str, entity: str, first: str, start: date | None, last: date | None, file: Path | None, as_json: bool
) -> None:
    """How a book differs from another by contract, account and month, with the reasons of each difference."""
    from datetime import timedelta

    from cashline.flow.recognise.books.api import as_csv, chosen, difference_shape
    from cashline.flow.recognise.books.queries.reports import Compared, difference_total, differences
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    end = last + timedelta(days=1) if last else None
    asked = Compared(chosen(owner, first), chosen(owner, second), start=start, end=end)
    if file is not None:
        with file.open("w", encoding="utf-8", newline="") as target:
            target.writelines(as_csv(differences(asked), owner.currency))
        count, _ = difference_total(asked)
        say({"rows": count, "file": str(file)}, f"{count} rows are written to {file}.", as_json=as_json)
        return
    items: list[dict[str, Any]] = [difference_shape(row) for row in differences(asked)]
    shown = items if as_json else [one | {"reasons": "; ".join(x["what"] for x in one["reasons"])} for one in items]
    columns = ("number", "account", "name", "month", "first", "second", "difference", "reasons")
    table(shown, columns, as_json=as_json)


def _policies(given: tuple[str, ...]) -> Any:
    """Policies as they are named: `timing=as_invoiced`; raises InvalidValue."""
    from cashline.flow.recognise.books.rules.policies import read_policies
    from cashline.kernel.refusals import InvalidValue

    pairs = [one.partition("=") for one in given]
    if any(not sign for _, sign, _ in pairs):
        raise InvalidValue("Name a policy with its value, such as timing=as_invoiced.", field="policy")
    return read_policies({name: value for name, _, value in pairs})
