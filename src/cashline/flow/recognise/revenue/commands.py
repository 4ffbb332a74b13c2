"""`cashline revenue …`: recognition from a terminal."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.terminal import TERMINAL, json_option, now, say

if TYPE_CHECKING:
    from cashline.flow.recognise.revenue.actions import NewFacts
    from cashline.flow.recognise.revenue.rules.standard.deciding import Treatment

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("revenue")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Revenue: the plan by contract, and what is recognised of it."""


@COMMANDS.command("run")
@click.option("--through", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day that counts.")
@click.option("--preview", is_flag=True, help="Show what the run would post, and post nothing.")
@json_option
def run_command(through: datetime, preview: bool, as_json: bool) -> None:
    """Post the difference between the plan and what is recognised."""
    from cashline.flow.recognise.revenue.actions import recognise_arrangements, run_revenue
    from cashline.flow.recognise.revenue.api.shapes import run_shape

    result = run_revenue(through=through.date(), now=now(), actor=TERMINAL.actor, preview=preview)
    others = recognise_arrangements(through=through.date(), now=now(), actor=TERMINAL.actor, preview=preview)
    totals: list[dict[str, Any]] = [
        {"currency": currency, "month": f"{month:%Y-%m}", "kind": kind, "amount": amount}
        for (currency, month, kind), amount in sorted(result.totals.items())
    ]
    shape = {
        "through": result.through,
        "preview": preview,
        "agreements": result.agreements,
        "totals": totals,
        "arrangements": run_shape(others),
    }
    verb = "would recognise" if preview else "recognised"
    lines = [f"{one['month']}  {one['kind']:<14} {one['amount']} {one['currency']}" for one in totals]
    if others.postings:
        lines.append(f"{others.arrangements} arrangements: {others.postings} amounts in {others.entries} entries.")
    say(shape, "\n".join([f"{result.agreements} contracts {verb} through {result.through}.", *lines]), as_json=as_json)


@COMMANDS.command("record")
@click.argument("file", type=FILE)
@click.option("--entity", required=True, help="The legal entity's code.")
@click.option("--currency", required=True, help="ISO 4217 code.")
@click.option("--title", default="", help="What it is about.")
@json_option
def record_command(file: Path, entity: str, currency: str, title: str, as_json: bool) -> None:
    """Record an arrangement from a JSON file with `contracts`, `judgements`, `events` and `costs`."""
    from cashline.flow.recognise.revenue.actions import NewArrangement, record_arrangements
    from cashline.flow.recognise.revenue.queries.arrangements import arrangement
    from cashline.kernel.periods import local_day
    from cashline.platform.company.queries import entity_by_code

    found = entity_by_code(entity)
    new = NewArrangement(found.id, currency, _facts_of(file), title=title)
    [key] = record_arrangements([new], today=local_day(now(), found.timezone), now=now(), actor=TERMINAL.actor)
    row = arrangement(key)
    name = public("revenue_arrangement", key)
    say({"id": name, "number": row.number}, f"{row.number} ({name}) is recorded.", as_json=as_json)


@COMMANDS.command("add")
@click.argument("arrangement")
@click.argument("file", type=FILE)
@click.option("--paragraph", default="", help="The paragraph that judgements answer to.")
@click.option("--reason", default="", help="Why.")
@json_option
def add_command(arrangement: str, file: Path, paragraph: str, reason: str, as_json: bool) -> None:
    """Add facts to an arrangement: judgements, modifications and other events, costs, contracts."""
    from cashline.flow.recognise.revenue.actions import record_facts

    key = key_of("revenue_arrangement", arrangement)
    count = record_facts(arrangement_id=key, facts=_facts_of(file, paragraph, reason), now=now(), actor=TERMINAL.actor)
    say({"id": arrangement, "recorded": count}, f"{count} facts are recorded.", as_json=as_json)


@COMMANDS.command("schedule")
@click.argument("arrangement")
@click.option("--as-of", required=True, type=DAY, help="The last day that counts.")
@click.option("--known-at", type=click.DateTime(), help="As the facts were known at that instant (UTC).")
@json_option
def schedule_command(arrangement: str, as_of: datetime, known_at: datetime | None, as_json: bool) -> None:
    """Price, allocation, progress, revenue to date and what remains of an arrangement."""
    from datetime import UTC

    from cashline.flow.recognise.revenue.api.shapes import standing_shape
    from cashline.flow.recognise.revenue.queries import arrangements

    row = arrangements.arrangement(key_of("revenue_arrangement", arrangement))
    instant = known_at.replace(tzinfo=UTC) if known_at else None
    [moment] = arrangements.plan_at(row.id, [as_of.date()], known_at=instant)
    shape = standing_shape(moment, row.currency)
    lines = [f"{row.number}: price {shape['transaction_price']} {row.currency}"]
    for one in shape["obligations"]:
        figures = f"allocated {one['allocated']}, recognised {one['recognised']}, remaining {one['remaining']}"
        lines.append(f"{one['obligation']:<20} {figures}")
    say(shape, "\n".join(lines), as_json=as_json)


@COMMANDS.command("what-if")
@click.argument("arrangement")
@click.option("--through", required=True, type=DAY, help="The last day that counts.")
@click.option("--facts", type=FILE, help="A JSON file with `judgements` and `events` to suppose.")
@click.option("--price", multiple=True, help="OBLIGATION=AMOUNT: another stand-alone price.")
@json_option
def what_if_command(
    arrangement: str, through: datetime, facts: Path | None, price: tuple[str, ...], as_json: bool
) -> None:
    """The difference of journals by month, if something else were so; nothing is kept."""
    from cashline.flow.recognise.revenue.api.shapes import change_shape
    from cashline.flow.recognise.revenue.queries import arrangements

    new = _facts_of(facts) if facts else None
    key: UUID = key_of("revenue_arrangement", arrangement)
    changes = arrangements.what_if(
        key,
        through=through.date(),
        judgements=new.judgements if new else (),
        events=new.events if new else (),
        prices=_prices_of(price),
    )
    shape = [change_shape(one) for one in changes]
    lines = [f"{one['month']}  {one['account']:<20} {one['subject']:<16} {one['difference']}" for one in shape]
    say({"changes": shape}, "\n".join(lines) or "Nothing would change.", as_json=as_json)


@COMMANDS.command("suppose")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--through", required=True, type=DAY, help="The last day that counts.")
@click.option("--price", multiple=True, required=True, help="SKU=AMOUNT: what it would be sold for alone.")
@json_option
def suppose_command(entity: str, through: datetime, price: tuple[str, ...], as_json: bool) -> None:
    """The difference of revenue over all contracts, if products were sold alone for other prices; nothing is kept."""
    from cashline.flow.recognise.revenue.api.runs import supposed_shape
    from cashline.flow.recognise.revenue.queries.supposing import product_prices, suppose_prices
    from cashline.platform.company.queries import entity_by_code

    prices = product_prices(_prices_of(price))
    if any(one <= 0 for one in prices.values()):
        raise InvalidValue("A stand-alone price is above zero.", field="price")
    shape = supposed_shape(suppose_prices(prices, entity_id=entity_by_code(entity).id, through=through.date()))
    lines = [f"{one['month']}  {one['kind']:<14} {one['difference']} {one['currency']}" for one in shape["months"]]
    say(shape, "\n".join(lines) or "Nothing would change.", as_json=as_json)


@COMMANDS.command("modify")
@click.argument("arrangement")
@click.argument("file", type=FILE)
@click.option("--preview", is_flag=True, help="Show the decision and the difference of journals; record nothing.")
@click.option("--through", type=DAY, help="The last day of the difference; with --preview.")
@click.option("--treatment", type=click.Choice(["separate", "prospective", "catch_up", "mixed"]))
@click.option("--reason", default="", help="Why it is treated otherwise than the rule gives.")
@json_option
def modify_command(
    arrangement: str,
    file: Path,
    preview: bool,
    through: datetime | None,
    treatment: "Treatment | None",
    reason: str,
    as_json: bool,
) -> None:
    """Change a contract by a JSON file with `at`, `contract`, `added`, `removed`, `price_changes` and so on.

    How it is accounted for is decided by rule, unless --treatment says otherwise with a --reason.
    """
    from cashline.flow.recognise.revenue.actions import modify_arrangement
    from cashline.flow.recognise.revenue.api.shapes import change_shape, decision_shape
    from cashline.flow.recognise.revenue.queries.arrangements import decide_change
    from cashline.flow.recognise.revenue.rules.standard.deciding import Change
    from cashline.flow.recognise.revenue.rules.standard.limits import read_facts

    key: UUID = key_of("revenue_arrangement", arrangement)
    read: list[Change] = read_facts([_json_of(file)], Change, "modification")
    [change] = read
    differences: list[dict[str, Any]] = []
    if preview:
        last = through.date() if through else change.at
        found, changed = decide_change(key, change, through=last, treatment=treatment)
        differences = [change_shape(one) for one in changed]
    else:
        found = modify_arrangement(
            arrangement_id=key, change=change, treatment=treatment, reason=reason, now=now(), actor=TERMINAL.actor
        )
    shape = decision_shape(found, treatment or found.treatment)
    told = [f"{step['question']} {'Yes' if step['answer'] else 'No'}: {step['because']}." for step in shape["steps"]]
    told += [f"{one['month']}  {one['account']:<20} {one['difference']}" for one in differences]
    head = f"{'Would be' if preview else 'Recorded as'} {shape['treatment']} ({shape['paragraph']})."
    say(shape | {"changes": differences}, "\n".join([head, *told]), as_json=as_json)


def _json_of(file: Path) -> Any:
    """What a file of JSON holds; raises InvalidValue."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidValue(f"{file} is no JSON: {error}.", field="file") from error


def _prices_of(texts: tuple[str, ...]) -> "dict[str, Any]":
    from decimal import Decimal, InvalidOperation

    found = {}
    for text in texts:
        name, _, amount = text.partition("=")
        try:
            found[name] = Decimal(amount)
        except InvalidOperation:
            raise InvalidValue(f"{text!r} is not NAME=AMOUNT.", field="price") from None
    return found


def _facts_of(file: Path, paragraph: str = "", reason: str = "") -> "NewFacts":
    """The facts of a JSON file; raises InvalidValue for each that has the wrong form."""
    from cashline.flow.recognise.revenue.actions import NewFacts
    from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost, ContractFact, EventFact
    from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement
    from cashline.flow.recognise.revenue.rules.standard.limits import read_facts

    document = _json_of(file)
    kinds: dict[str, Any] = {
        "contracts": ContractFact,
        "judgements": Judgement,
        "events": EventFact,
        "costs": ContractCost,
    }
    if not isinstance(document, dict) or document.keys() - kinds.keys():
        raise InvalidValue(f"{file} holds an object with {', '.join(kinds)}.", field="file")
    read: dict[str, Any] = {name: read_facts(document.get(name, []), kind, name) for name, kind in kinds.items()}
    return NewFacts(**read, paragraph=paragraph, reason=reason)


@COMMANDS.command("study-prices")
@click.option("--entity", required=True, help="The legal entity's code.")
@click.option("--from", "start", required=True, type=DAY, help="The first day of the window.")
@click.option("--to", "last", required=True, type=DAY, help="The last day of the window.")
@click.option("--spread", default="0.15", show_default=True, help="The range to either side of the median, as a share.")
@click.option("--required", default="0.80", show_default=True, help="The share of transactions that must lie within.")
@click.option("--least-count", default=5, show_default=True, type=click.IntRange(1), help="Transactions needed.")
@click.option("--band", "bands", multiple=True, help="A quantity at which a new band begins.")
@click.option("--by-segment", is_flag=True, help="Study each country of customers for itself.")
@json_option
def study_prices_command(
    entity: str,
    start: datetime,
    last: datetime,
    spread: str,
    required: str,
    least_count: int,
    bands: tuple[str, ...],
    by_segment: bool,
    as_json: bool,
) -> None:
    """Study what own agreements charge, and propose stand-alone prices by product and stratum."""
    from datetime import timedelta
    from decimal import Decimal, InvalidOperation

    from cashline.flow.recognise.revenue.actions.pricing import study_prices
    from cashline.flow.recognise.revenue.api.pricing import price_shape
    from cashline.flow.recognise.revenue.queries.prices import prices_of_study
    from cashline.flow.recognise.revenue.rules.price_study import Terms
    from cashline.platform.company.queries import entity_by_code

    try:
        numbers = [Decimal(one) for one in (spread, required, *bands)]
    except InvalidOperation:
        raise InvalidValue("Give shares and bands as numbers, such as 0.15.", field="spread") from None
    terms = Terms(numbers[0], numbers[1], least_count, tuple(numbers[2:]), by_segment)
    end = last.date() + timedelta(days=1)
    key = study_prices(
        entity_id=entity_by_code(entity).id, start=start.date(), end=end, terms=terms, now=now(), actor=TERMINAL.actor
    )
    found = [price_shape(one) for one in prices_of_study(key)]
    lines = [
        f"{one['id']}  {one['sku']:<14} {one['amount']} {one['currency']} ({one['low']} to {one['high']}), "
        f"{one['within']} of {one['transactions']} within"
        for one in found
    ]
    name = public("price_study", key)
    say({"id": name, "prices": found}, "\n".join([f"{name}: {len(found)} strata.", *lines]), as_json=as_json)


@COMMANDS.command("approve-price")
@click.argument("price")
@click.option("--from", "start", required=True, type=DAY, help="The day from which it is in force.")
@click.option("--paragraph", default="", help="The paragraph that it answers to.")
@click.option("--reason", default="", help="Why.")
@json_option
def approve_price_command(price: str, start: datetime, paragraph: str, reason: str, as_json: bool) -> None:
    """Put a studied price into force for contracts that begin from a day on."""
    from cashline.flow.recognise.revenue.actions.pricing import approve_price
    from cashline.flow.recognise.revenue.api.pricing import price_shape
    from cashline.flow.recognise.revenue.queries.prices import stand_alone_price
    from cashline.flow.recognise.revenue.rules.price_study import PARAGRAPH
    from cashline.platform.company.queries import entities_by_id
    from cashline.platform.doors.terminal import today

    key = key_of("stand_alone_price", price)
    entity_id = stand_alone_price(key).entity_id
    approve_price(
        price_id=key,
        valid_from=start.date(),
        today=today(entities_by_id([entity_id])[entity_id].timezone),
        paragraph=paragraph or PARAGRAPH,
        reason=reason,
        now=now(),
        actor=TERMINAL.actor,
    )
    say(price_shape(stand_alone_price(key)), f"{price} is in force from {start.date()}.", as_json=as_json)
