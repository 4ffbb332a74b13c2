"""`cashline ledger …`: the books from a terminal."""

from datetime import UTC, datetime

import click

from cashline.platform.doors.terminal import TERMINAL, json_option, now, reason_option, say, table, today

area_option = click.option(
    "--area", type=click.Choice(["all", "receivables", "revenue", "stock"]), default="all", show_default=True
)


@click.group("ledger")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """The journal: trial balance, entries, accounting periods."""


@COMMANDS.command("trial-balance")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day; today where left out.")
@click.option("--known-at", type=click.DateTime(), help="Only what was posted up to that instant (UTC) counts.")
@json_option
def trial_balance_command(entity: str, as_of: datetime | None, known_at: datetime | None, as_json: bool) -> None:
    """Debits, credits and balance of each account, in the entity's currency; the last line sums them."""
    from cashline.flow.recognise.ledger.queries import trial_balance
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    known = known_at.replace(tzinfo=UTC) if known_at else None
    rows = trial_balance(owner.id, as_of.date() if as_of else today(owner.timezone), known_at=known)
    items = [
        {"code": row.code, "name": row.name, "debit": row.debit, "credit": row.credit, "balance": row.balance}
        for row in rows
    ]
    items.append(
        {
            "code": "",
            "name": f"Sum in {owner.currency}",
            "debit": sum(row.debit for row in rows),
            "credit": sum(row.credit for row in rows),
            "balance": sum(row.balance for row in rows),
        }
    )
    table(items, ("code", "name", "debit", "credit", "balance"), as_json=as_json)


@COMMANDS.command("close")
@click.argument("period")
@click.option("--entity", required=True, help="The code of the legal entity.")
@area_option
@click.option("--soft", is_flag=True, help="Keep documents out, and still take what the close itself posts.")
@json_option
def close_command(period: str, entity: str, area: str, soft: bool, as_json: bool) -> None:
    """Close an area of a PERIOD (2026-03, or FY2026-P03), or softly all: what comes late goes to the first open day.

    A whole one is closed by `cashline close`, which checks everything first.
    """
    from cashline.flow.recognise.ledger.actions import close_period
    from cashline.flow.recognise.ledger.queries.books import period_named
    from cashline.flow.recognise.ledger.rules.periods import Area
    from cashline.kernel.refusals import InvalidValue
    from cashline.platform.company.queries import entity_by_code

    if area == "all" and not soft:
        fix = f"Run cashline close {period} --entity {entity}, or name an --area."
        raise InvalidValue("A whole period is closed by its checklist.", field="area", fix=fix)
    owner = entity_by_code(entity)
    first = period_named(owner.id, period).start
    close_period(entity_id=owner.id, month=first, area=Area(area), soft=soft, now=now(), actor=TERMINAL.actor)
    shape = {
        "entity": entity,
        "month": period,
        "area": area,
        "status": "soft_closed" if soft else "closed",
    }
    say(shape, f"{period} is {'soft-' if soft else ''}closed ({area}).", as_json=as_json)


@COMMANDS.command("reopen")
@click.argument("period")
@click.option("--entity", required=True, help="The code of the legal entity.")
@area_option
@reason_option
@json_option
def reopen_command(period: str, entity: str, area: str, reason: str, as_json: bool) -> None:
    """Open a closed PERIOD (2026-03, or FY2026-P03) again."""
    from cashline.flow.recognise.ledger.actions import reopen_period
    from cashline.flow.recognise.ledger.queries.books import period_named
    from cashline.flow.recognise.ledger.rules.periods import Area
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    first = period_named(owner.id, period).start
    reopen_period(entity_id=owner.id, month=first, reason=reason, area=Area(area), now=now(), actor=TERMINAL.actor)
    shape = {"entity": entity, "month": period, "area": area, "status": "open"}
    say(shape, f"{period} is open ({area}).", as_json=as_json)


@COMMANDS.command("revalue")
@click.argument("period")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--preview", is_flag=True, help="Say what would be posted, and post nothing.")
@json_option
def revalue_command(period: str, entity: str, preview: bool, as_json: bool) -> None:
    """Post the unrealised exchange difference of a PERIOD (2026-03, or FY2026-P03), taken back on the day after it."""
    from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
    from cashline.flow.recognise.ledger.queries.books import period_named
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    first = period_named(owner.id, period).start
    items, off = revalue_month(entity_id=owner.id, month=first, now=now(), actor=TERMINAL.actor, preview=preview)
    shape = {
        "entity": entity,
        "month": period,
        "preview": preview,
        "posted": off,
        "items": [
            {"role": one.role, "currency": one.currency, "amount": one.amount, "rate": one.rate} for one in items
        ],
    }
    say(shape, f"{off} {owner.currency} {'would be' if preview else 'is'} posted.", as_json=as_json)
