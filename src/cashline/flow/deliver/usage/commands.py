"""`cashline usage …` and `cashline meter …`: usage from a terminal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
    today,
)

METERS_SHOWN = ("code", "name", "aggregation", "value_property", "dimensions", "version")
EVENTS_SHOWN = ("subscription_number", "meter", "time", "quantity", "item", "source", "event_id", "corrected_at")
LETTERS_SHOWN = ("id", "source", "event_id", "code", "field", "message", "status")
USAGE_SHOWN = ("code", "aggregation", "quantity", "unit", "event_count")


@click.group("usage")
def usage() -> None:
    """Usage: events, their corrections, dead letters, and what they come to."""


@click.group("meter")
def meter() -> None:
    """Meters: what usage is counted under, and how."""


COMMANDS = (usage, meter)


def find_meter(text: str) -> UUID:
    """A meter by public id or code."""
    from cashline.flow.deliver.usage.queries import meter_coded

    return resolve("usage_meter", text, meter_coded)


def _subscription(text: str) -> Any:
    from cashline.flow.deliver.subscriptions.commands import find_subscription
    from cashline.flow.deliver.usage.queries import usage_subscription

    return usage_subscription(find_subscription(text))


@meter.command("list")
@click.option("--words", default="", help="Looked for in code and name.")
@click.option("--cursor", default="")
@limit_option
@json_option
def meter_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Meters by code."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.api.recording import meter_shape
    from cashline.platform.lists import Ask

    page = queries.list_meters(Ask("code", cursor=cursor, limit=limit), words=words)
    table([meter_shape(row) for row in page.items], METERS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


def _meter_options(command: Any) -> Any:
    for option in (
        click.option("--name", default=""),
        click.option("--unit", default=""),
        click.option("--aggregation", required=True, help="count, sum, max, unique_count, latest, weighted_sum, …"),
        click.option("--value-property", default="", help="The property that holds the quantity."),
        click.option("--item-property", default="", help="The property that holds the item."),
        click.option("--dimension", "dimensions", multiple=True),
        click.option("--percentile", type=NUMBER, default=None),
        as_option,
        json_option,
    ):
        command = option(command)
    return command


@meter.command("create")
@click.argument("code")
@_meter_options
def meter_create(code: str, **given: Any) -> None:
    """Make a meter with that CODE."""
    from cashline.flow.deliver.usage.actions import create_meters

    _write_meter(code, create_meters, "is made", **given)


@meter.command("change")
@click.argument("code")
@_meter_options
def meter_change(code: str, **given: Any) -> None:
    """Give the meter with that CODE a new version, which reads the events that come in from now on."""
    from cashline.flow.deliver.usage.actions import change_meters

    _write_meter(code, change_meters, "has a new version", **given)


def _write_meter(
    code: str,
    write: Any,
    done: str,
    *,
    name: str,
    unit: str,
    aggregation: str,
    value_property: str,
    item_property: str,
    dimensions: Sequence[str],
    percentile: Decimal | None,
    email: str,
    as_json: bool,
) -> None:
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.api.recording import meter_shape
    from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter, NewMeter
    from cashline.kernel.refusals import InvalidValue

    authority = authority_for(email)
    authority.require("usage.write")
    if aggregation not in list(Aggregation):
        raise InvalidValue(f"There is no aggregation {aggregation!r}: {', '.join(Aggregation)}.", field="aggregation")
    rule = Meter(code, Aggregation(aggregation), value_property, item_property, tuple(dimensions), percentile)
    write([NewMeter(rule, name, unit)], now=now(), actor=authority.actor)
    shape = meter_shape(queries.meter(find_meter(code)))
    say(shape, f"The meter {code} {done}: version {shape['version']}.", as_json=as_json)


@usage.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="csv", show_default=True, help="The source of rows that name none.")
@click.option("--preview", is_flag=True, help="Show what would be recorded and change, and record nothing.")
@as_option
@json_option
def usage_import(file: Path, source: str, preview: bool, email: str, as_json: bool) -> None:
    """Record the events of a FILE: CSV, or JSON of events or CloudEvents."""
    from cashline.flow.deliver.usage import actions
    from cashline.flow.deliver.usage.api.recording import effect_shape, result_shape
    from cashline.flow.deliver.usage.rules.csv_usage import parse_csv_usage
    from cashline.flow.deliver.usage.rules.reading import parse_json_usage

    authority = authority_for(email)
    authority.require("usage.write")
    data, entities = file.read_bytes(), authority.entities("usage.write")
    is_json = data.lstrip()[:1] in (b"[", b"{")
    events = parse_json_usage(data, now=now()) if is_json else parse_csv_usage(data, source=source)
    if preview:
        shape = effect_shape(actions.preview_usage(events, now=now(), entity_ids=entities))
        _tell(shape, "would be", as_json=as_json)
        if not as_json:
            table(shape["changes"], ("subscription", "meter", "month", "before", "after", "events"), as_json=False)
        return
    done = actions.record_usage(events, now=now(), actor=authority.actor, door="cli", entity_ids=entities)
    _tell(result_shape(done), "are", as_json=as_json)


def _tell(shape: dict[str, Any], words: str, *, as_json: bool) -> None:
    sentence = (
        f"{shape['accepted']} events {words} recorded, {shape['duplicates']} are known already, "
        f"{shape['refused_count']} {words} refused."
    )
    say(shape, sentence, as_json=as_json)
    if not as_json and shape["refused"]:
        table(shape["refused"][:50], ("index", "id", "code", "field", "message"), as_json=False)


@usage.command("list")
@click.option("--subscription", default="", help="A subscription by id or number.")
@click.option("--meter", "meters", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def usage_list(subscription: str, meters: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Recorded events, the last recorded first."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.api.recording import event_shape
    from cashline.platform.lists import Ask

    key = _subscription(subscription).id if subscription else None
    page = queries.list_usage_events(Ask(cursor=cursor, limit=limit), subscription_id=key, meters=meters)
    table([event_shape(row) for row in page.items], EVENTS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@usage.command("show")
@click.argument("subscription")
@click.option("--from", "start", type=DAY, default=None, help="The first day; the first of this month.")
@click.option("--until", "end", type=DAY, default=None, help="The first day after; tomorrow.")
@json_option
def usage_show(subscription: str, start: date | None, end: date | None, as_json: bool) -> None:
    """What a SUBSCRIPTION used under each meter, up to now or between two days."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.rules.lineage import quantity_shape
    from cashline.flow.deliver.usage.rules.showing import days_asked

    row = _subscription(subscription)
    days = days_asked(start, end, today(row.timezone))
    shapes = [
        {"code": one.meter.code, "aggregation": one.meter.aggregation, "unit": one.meter.unit}
        | quantity_shape(one.total)
        | {"quantity": one.total.quantity}
        for one in queries.usage_of(row, days)
    ]
    table(shapes, USAGE_SHOWN, as_json=as_json)


@usage.command("export")
@click.argument("subscription")
@click.option("--meter", "code", required=True)
@click.option("--from", "start", required=True, type=DAY, help="The first day.")
@click.option("--until", "end", required=True, type=DAY, help="The first day after.")
@click.option("--form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@click.option("--carried-over", is_flag=True)
@click.option("--prorated", is_flag=True)
def usage_export(
    subscription: str, code: str, start: date, end: date, form: str, carried_over: bool, prorated: bool
) -> None:
    """The events behind a quantity of a SUBSCRIPTION; docs/recompute_usage.py recomputes it from the JSON."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.rules.lineage import as_csv, as_json
    from cashline.flow.deliver.usage.rules.showing import asked_window, days_asked

    row, known = _subscription(subscription), queries.meter(find_meter(code))
    days = days_asked(start, end, start)
    window = asked_window(row.line_id, known.meter, days, row.timezone, carried_over=carried_over, prorated=prorated)
    found = queries.lineage(row.number, window)
    click.echo(as_csv(found) if form == "csv" else queries.dumped(as_json(found)).decode())


@usage.command("void")
@click.argument("source")
@click.argument("event_id")
@reason_option
@as_option
@json_option
def usage_void(source: str, event_id: str, reason: str, email: str, as_json: bool) -> None:
    """The event EVENT_ID of a SOURCE counts no more."""
    from cashline.flow.deliver.usage import actions, queries
    from cashline.flow.deliver.usage.api.recording import event_shape
    from cashline.flow.deliver.usage.rules.correcting import NewCorrection

    authority = authority_for(email)
    authority.require("usage.write")
    (key,) = actions.correct_usage(
        [NewCorrection(source, event_id, reason)],
        now=now(),
        actor=authority.actor,
        entity_ids=authority.entities("usage.write"),
    )
    say(event_shape(queries.usage_event(key)), f"The event {event_id} counts no more.", as_json=as_json)


@usage.command("alert")
@click.argument("subscription")
@click.option("--meter", "code", required=True)
@click.option("--threshold", required=True, type=NUMBER, help="Tell when the quantity reaches it.")
@click.option("--period", type=click.Choice(["month", "total"]), default="month", show_default=True)
@as_option
@json_option
def usage_alert(subscription: str, code: str, threshold: Decimal, period: str, email: str, as_json: bool) -> None:
    """Tell (event UsageThresholdReached) when a SUBSCRIPTION's usage reaches a value, once a period."""
    from cashline.flow.deliver.usage import actions, queries
    from cashline.flow.deliver.usage.api.alerts import alert_shape
    from cashline.flow.deliver.usage.rules.alerts import AlertPeriod, NewAlert

    row, authority = _subscription(subscription), authority_for(email)
    authority.require("usage.write", row.entity_id)
    new = NewAlert(row.id, code, threshold, AlertPeriod(period))
    (key,) = actions.set_alerts([new], now=now(), actor=authority.actor)
    say(
        alert_shape(queries.alert(key)), f"It is told when {code} of {row.number} reaches {threshold}.", as_json=as_json
    )


@usage.command("alerts")
@click.option("--subscription", default="", help="A subscription by id or number.")
@click.option("--cursor", default="")
@limit_option
@json_option
def usage_alerts(subscription: str, cursor: str, limit: int, as_json: bool) -> None:
    """Alerts, with when each told last."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.api.alerts import alert_shape
    from cashline.platform.lists import Ask

    key = _subscription(subscription).id if subscription else None
    page = queries.list_alerts(Ask(cursor=cursor, limit=limit), subscription_id=key)
    shown = ("id", "subscription_number", "meter", "threshold", "period", "reached_at", "ended_at")
    table([alert_shape(row) for row in page.items], shown, as_json=as_json, next_cursor=page.next_cursor)


@usage.command("end-alert")
@click.argument("alert")
@as_option
@json_option
def usage_end_alert(alert: str, email: str, as_json: bool) -> None:
    """Let an ALERT tell no more."""
    from cashline.flow.deliver.usage import actions, queries
    from cashline.flow.deliver.usage.api.alerts import alert_shape
    from cashline.kernel.identifiers import key_of

    row, authority = queries.alert(key_of("usage_alert", alert)), authority_for(email)
    authority.require("usage.write", row.entity_id)
    actions.end_alerts([row.id], now=now(), actor=authority.actor)
    say(alert_shape(queries.alert(row.id)), "The alert tells no more.", as_json=as_json)


@usage.command("dead-letters")
@click.option("--status", "statuses", multiple=True, default=("waiting",))
@click.option("--cursor", default="")
@limit_option
@json_option
def dead_letter_list(statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Events that could not be recorded, the last first."""
    from cashline.flow.deliver.usage import queries
    from cashline.flow.deliver.usage.api.letters import letter_shape
    from cashline.platform.lists import Ask

    page = queries.list_dead_letters(Ask(cursor=cursor, limit=limit), statuses=statuses)
    table([letter_shape(row) for row in page.items], LETTERS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@usage.command("replay")
@as_option
@json_option
def dead_letter_replay(email: str, as_json: bool) -> None:
    """Try the waiting dead letters again, once the cause is mended."""
    from cashline.flow.deliver.usage import actions

    authority = authority_for(email)
    authority.require("usage.write")
    done = actions.replay_dead_letters(now=now(), actor=authority.actor)
    shape = {"replayed": done.replayed, "waiting": done.waiting}
    say(shape, f"{done.replayed} are recorded, {done.waiting} wait still.", as_json=as_json)


@usage.command("discard")
@click.argument("letter")
@reason_option
@as_option
@json_option
def dead_letter_discard(letter: str, reason: str, email: str, as_json: bool) -> None:
    """Give the dead LETTER up."""
    from cashline.flow.deliver.usage import actions
    from cashline.kernel.identifiers import key_of

    authority = authority_for(email)
    authority.require("usage.write")
    actions.discard_dead_letters([key_of("usage_dead_letter", letter)], reason=reason, now=now(), actor=authority.actor)
    say({"id": letter, "status": "discarded"}, "The dead letter is discarded.", as_json=as_json)
