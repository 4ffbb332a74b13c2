"""A subscription to a plan: where it stands, its next bill with every derivation, its queue, and its life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.agree.plans.rules.wording import EVERY, begins, every
from cashline.flow.deliver.subscriptions import queries as subscriptions
from cashline.flow.deliver.subscriptions.actions import change_lives
from cashline.flow.deliver.subscriptions.api import living
from cashline.flow.deliver.subscriptions.pages.lives import base_fee
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeFact, LifeKind, in_force, live
from cashline.flow.deliver.subscriptions.rules.life import Life
from cashline.flow.deliver.subscriptions.rules.wording import term_words, words_of
from cashline.flow.invoice.billing.pages.life_forms import steps_of
from cashline.flow.invoice.billing.pages.life_tables import bill_table, coming_table, posted_table
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.invoice.billing.queries.gates import gates_of
from cashline.flow.invoice.billing.queries.plans import charges_of
from cashline.flow.invoice.billing.rules.lifecycle import GateStatus
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.periods import IntervalUnit, Period, local_day
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    KeyValue,
    MoneyCell,
    Notice,
    Option,
    Row,
    SummaryRow,
    Table,
    TimelineEntry,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import render_derivation, render_document
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import actor_name

COMING_SHOWN, BILLED_SHOWN, FACTS_SHOWN = 6, 15, 100
TONES: Mapping[LifeKind, Tone] = {
    LifeKind.STARTED: Tone.SUCCESS,
    LifeKind.REACTIVATED: Tone.SUCCESS,
    LifeKind.RENEWED: Tone.SUCCESS,
    LifeKind.RESUMED: Tone.SUCCESS,
    LifeKind.PAUSED: Tone.WARNING,
    LifeKind.CANCELLED: Tone.DANGER,
}


@dataclass(frozen=True, slots=True)
class Look:
    """A subscription with all that its page reads."""

    row: LifeRow
    facts: Sequence[LifeFact]
    life: Life
    terms: Mapping[UUID, PlanTerms]
    names: Mapping[UUID, str]
    bills: Sequence[ComingBill]
    now: datetime

    @property
    def key(self) -> str:
        """Its public id."""
        return public("subscription", self.row.id)

    @property
    def waiting(self) -> list[LifeFact]:
        """What is scheduled."""
        return [fact for fact in in_force(self.facts) if fact.at > self.now]

    @property
    def running(self) -> Period | None:
        """The running period."""
        stint = self.life.stint_at(self.now)
        return stint.whole(self.terms[stint.plan_id], local_day(self.now, self.life.zone)) if stint else None


def address(subscription_id: UUID) -> str:
    """The page of a subscription to a plan."""
    return reverse("life_detail", args=[public("subscription", subscription_id)])


def look_at(row: LifeRow, now: datetime, *, bills: bool = True) -> Look:
    """Read what the page of a subscription shows."""
    facts = subscriptions.facts_of([row.id])[row.id]
    plans = plan_versions_by_id({fact.plan_id for fact in facts if fact.plan_id} | {row.plan_id})
    terms = {key: plan.terms for key, plan in plans.items()}
    names = {key: plan.name for key, plan in plans.items()}
    coming = coming_bills_of(row.id, now=now, count=COMING_SHOWN) if bills else []
    return Look(row, facts, live(facts, terms, row.timezone), terms, names, coming, now)


def life_detail(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """One subscription to a plan."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.read")
    money = caller.authority.allows("billing.read", row.entity_id)
    look = look_at(row, caller.now, bills=money)
    steps, more = steps_of(row, caller)
    page = DocumentPage(
        _("Subscription"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        subtitle=row.plan_name,
        actions=steps,
        more_actions=(
            *more,
            Action.link(_("Usage"), reverse("subscription_usage", args=[look.key]), icon="activity"),
        ),
        thread=thread_of([row.id], row.id, always=()),
        facts=_facts(look),
        sections=_sections(look, caller_may=bool(steps), money=money),
        summary=_summary(look),
        timeline=_timeline(look),
        notices=_notices(look),
        crumbs=(Crumb(_("Subscriptions to plans"), reverse("life_list")),),
    )
    return render_document(request, page)


def _facts(look: Look) -> tuple[KeyValue, ...]:
    row, terms, running = look.row, look.terms[look.row.plan_id], look.running
    term = look.life.term_at(look.now)
    period = f"{format_day(running.start)} – {format_day(running.last_day)}" if running else ""
    each = _("for each unit, %s") % EVERY[IntervalUnit(row.interval)]
    facts = (
        KeyValue(_("Plan"), Cell(row.plan_name, reverse("plan_detail", args=[public("plan", row.plan_id)]),
                                 sub=row.plan_code)),
        KeyValue(_("Quantity"), row.quantity),
        KeyValue(_("Base fee"), Money(row.unit_price, row.currency), each),
        KeyValue(_("Running period"), period, _("periods begin %s") % begins(terms)),
        KeyValue(_("Since"), row.activated_on),
        KeyValue(_("Term"), term_words(term, format_day) if term else _("without end")),
        KeyValue(_("Ends"), row.ends_on, _("the first day without it")),
        KeyValue(_("Trial until"), _trial(look, terms)),
        KeyValue(_("Time zone"), row.timezone),
        KeyValue(_("Contract"), Cell(_("Framework"), address_of("agreement", row.agreement_id))),
    )  # fmt: skip
    return tuple(fact for fact in facts if fact.value)


def _trial(look: Look, terms: PlanTerms) -> date | None:
    end = look.life.trial_end(terms)
    return local_day(end, look.row.timezone) if terms.trial_days and end > look.now else None


def _summary(look: Look) -> tuple[SummaryRow, ...]:
    row = look.row
    note = f"{every(look.terms[row.plan_id])}, {_('without tax')}"
    found = [SummaryRow(_("Base fee"), Money(base_fee(row), row.currency), note=note)]
    if look.bills:
        bill = look.bills[0]
        day = local_day(bill.at, row.timezone)
        when = _("Due by the next run") if bill.at <= look.now else _("Next bill, %s") % format_day(day)
        found.append(SummaryRow(when, MoneyCell(Money(bill.net, row.currency), url="#next-bill"), total=True))
    return tuple(found)


def _sections(look: Look, *, caller_may: bool, money: bool) -> tuple[Section, ...]:
    row, waiting = look.row, look.waiting
    found = []
    if waiting:
        actions = (_take_back(look, waiting),) if caller_may else ()
        found.append(Section(_("Scheduled"), _queue(look, waiting), actions=actions, anchor="queue"))
    if look.bills:
        bill = look.bills[0]
        explain = [reverse("life_why", args=[look.key, place]) for place in range(len(bill.charges))]
        title = _("Next bill")
        words = _("By the rules of the run, with usage as far as it is known, without tax.")
        found.append(
            Section(title, bill_table(bill, row.currency, look.names, explain), text=words, anchor="next-bill")
        )
        found.append(Section(_("Bills to come"), coming_table(look.bills, row.currency, row.timezone), folded=True))
    if money:
        found.append(Section(_("Billed"), posted_table(charges_of(row.id, most=BILLED_SHOWN)), anchor="billed"))
    return tuple(found)


def _queue(look: Look, waiting: Sequence[LifeFact]) -> Table:
    columns = (
        Column("at", _("From"), "date", place="title"),
        Column("what", _("What")),
        Column("known", _("Since when it is known"), "date", place="hidden"),
    )
    rows = tuple(
        Row(
            public("event", fact.id),
            {
                "at": local_day(fact.at, look.row.timezone),
                "what": Cell(words_of(fact, look.names, format_day), sub=fact.reason),
                "known": local_day(fact.known_at, look.row.timezone),
            },
        )
        for fact in waiting
    )
    return Table(columns, rows)


def _take_back(look: Look, waiting: Sequence[LifeFact]) -> Action:
    options = tuple(
        Option(
            public("event", fact.id),
            f"{format_day(local_day(fact.at, look.row.timezone))}: {words_of(fact, look.names, format_day)}",
        )
        for fact in waiting
        if fact.kind is not LifeKind.STARTED
    )
    fields = (Field("change", _("Change"), "choice", options=options), REASON)
    return Action(_("Take one back"), reverse("life_withdraw", args=[look.key]), fields=fields, icon="undo-2")


REASON = Field("reason", _("Reason"), "textarea", required=False, max_length=200)


def _timeline(look: Look) -> tuple[TimelineEntry, ...]:
    """The facts of the life by when they take effect; what no longer counts is told as such."""
    kept = {fact.id for fact in in_force(look.facts)}
    actors = subscriptions.recorders_of(look.row.id)
    found = []
    for fact in sorted(look.facts, key=lambda one: (one.at, one.id))[-FACTS_SHOWN:]:
        if fact.kind is LifeKind.WITHDRAWN:
            continue
        counts = fact.id in kept
        text = words_of(fact, look.names, format_day)
        if not counts:
            text = _("Taken back: %s") % text
        elif fact.at > look.now:
            text = _("To come: %s") % text
        tone = TONES.get(fact.kind, Tone.NEUTRAL) if counts and fact.at <= look.now else Tone.NEUTRAL
        backdated = local_day(fact.known_at, look.life.zone) > local_day(fact.at, look.life.zone)
        known = _("known since %s") % format_day(local_day(fact.known_at, look.life.zone)) if backdated else ""
        detail = " · ".join(word for word in (fact.reason, known) if word)
        url = address(fact.other) if fact.other is not None else ""
        found.append(TimelineEntry(fact.at, text, actor_name(actors.get(fact.id, "")), detail, url, tone))
    return tuple(found)


def _notices(look: Look) -> tuple[Notice, ...]:
    row = look.row
    found = []
    if row.renew_on is not None and row.renew_on < local_day(look.now, row.timezone):
        words = _("It should have renewed itself since %s.") % format_day(row.renew_on)
        detail = _("Its price index has no value that it could follow: enter it, or renew with a percentage.")
        found.append(Notice(words, Tone.WARNING, detail))
    for gate in gates_of(row.id):
        if gate.status == GateStatus.WAITING and gate.invoice_id is not None:
            words = _("A change waits until %(number)s is paid, at most until %(day)s.")
            text = words % {"number": gate.number, "day": format_day(local_day(gate.expires_at, row.timezone))}
            there = Action.link(gate.number, address_of("invoice", gate.invoice_id))
            found.append(Notice(text, Tone.WARNING, _("Until then the customer has what was there before."), (there,)))
    if row.status == "cancelled" and row.ends_on:
        found.append(Notice(_("It is cancelled and runs until %s.") % format_day(row.ends_on), Tone.WARNING))
    if row.status == "paused":
        found.append(Notice(_("It is paused: nothing is billed until it runs on."), Tone.WARNING))
    return tuple(found)


@require_POST
def life_withdraw(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """Take back a change that has not taken effect."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")

    def withdraw() -> None:
        options = tuple(Option(public("event", fact.id), "") for fact in look_at(row, caller.now, bills=False).waiting)
        read = read_dialog(request, Field("change", _("Change"), "choice", options=options), REASON)
        change = LifeChange(
            row.id, LifeKind.WITHDRAWN, withdraws=key_of("event", read.text("change")), reason=read.text("reason")
        )
        change_lives([change], now=caller.now, actor=caller.actor)

    return take_step(request, address(row.id), _("The change is taken back."), withdraw)


def life_why(request: HttpRequest, subscription_id: str, place: int) -> HttpResponse:
    """Why an amount of the next bill is what it is."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "billing.read")
    bills = coming_bills_of(row.id, now=caller.now)
    if not bills or place >= len(bills[0].charges):
        raise NotFound(_("The next bill has no such line."), field="place")
    charge = bills[0].charges[place]
    derivation = Derivation.from_json(msgspec.json.decode(charge.derivation))
    crumbs = (Crumb(_("Subscriptions to plans"), reverse("life_list")), Crumb(row.number, address(row.id)))
    page = DerivationPage(_("Line of the next bill"), Money(charge.amount, row.currency), derivation, crumbs)
    return render_derivation(request, page)
