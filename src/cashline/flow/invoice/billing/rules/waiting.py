"""Bills that wait before they are issued: out of line with what is usual, in their grace window, or held by a person.

What is usual is the median of the last comparable bills of the same agreement: those whose longest period is about as
long, and for a run those that runs made: what an event bills between them is a part. It is robust (one odd bill moves
neither it nor the deviation); Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.kernel.rounding import round_to
from cashline.kernel.writing import write_money

ZERO = Decimal(0)
MOST_BILLS, MOST_GRACE_DAYS = 36, 60


class WaitingStatus(StrEnum):
    """Where a bill that waits stands. A refused one is not billed until what is due differs."""

    WAITING = "waiting"
    REFUSED = "refused"
    BILLED = "billed"
    LAPSED = "lapsed"


class WaitingCause(StrEnum):
    """Why a bill waits."""

    ABOVE_USUAL = "above_usual"
    BELOW_USUAL = "below_usual"
    LARGE_FIRST = "large_first"
    LARGE_CREDIT = "large_credit"
    GRACE = "grace"
    RUN_REVERSED = "run_reversed"
    BY_HAND = "by_hand"


WITHOUT_PLAN = frozenset({WaitingCause.RUN_REVERSED, WaitingCause.BY_HAND})
"""Held whatever is due, until a person releases it."""

WAITING_BILL = Lifecycle(
    "bill",
    ("release", [WaitingStatus.WAITING, WaitingStatus.REFUSED], WaitingStatus.BILLED),
    ("refuse", [WaitingStatus.WAITING], WaitingStatus.REFUSED),
    ("change", [WaitingStatus.WAITING, WaitingStatus.REFUSED], WaitingStatus.WAITING),
    ("lapse", [WaitingStatus.WAITING, WaitingStatus.REFUSED], WaitingStatus.LAPSED),
)


@dataclass(frozen=True, slots=True)
class BillingPolicy:
    """How a legal entity lets its runs post: the anomaly gate, the grace window, and whether a run is approved.

    The gate lets pass what lies within `deviations` × the median absolute deviation of the last `bills` comparable
    bills, or within `tolerance` percent of their median, whichever is wider, once there are `least` of them. Before
    that a bill passes up to `first_limit` (net, in the entity's currency; None: any).
    """

    gated: bool = False
    bills: int = 6
    least: int = 3
    deviations: Decimal = Decimal(5)
    tolerance: Decimal = Decimal(25)
    first_limit: Decimal | None = None
    grace_days: int = 0
    approval: bool = False


class PastBill(NamedTuple):
    """An earlier bill of an agreement: its net total, and the days of its longest period (0: it has none)."""

    net: Decimal
    days: int


class JudgedBill(NamedTuple):
    """What would be billed and given back of an agreement, net; `entity_rate` turns it into the entity's currency."""

    net: Decimal
    credited: Decimal
    days: int
    currency: str
    entity_rate: Decimal


class Verdict(NamedTuple):
    """Why a bill is held, in words, and what would have passed."""

    cause: WaitingCause
    words: str
    usual: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None


class Waiting(NamedTuple):
    """What is on file of a bill that waits."""

    id: UUID
    agreement_id: UUID
    cause: str
    status: str
    words: str
    net: Decimal
    credited: Decimal
    until: date | None


def policy_errors(policy: BillingPolicy) -> list[Refusal]:
    """What is wrong with a policy, all at once."""
    found: list[Refusal] = []
    if not 1 <= policy.bills <= MOST_BILLS:
        found.append(InvalidValue(f"The last 1 to {MOST_BILLS} bills are looked at.", field="bills"))
    if not 1 <= policy.least <= policy.bills:
        found.append(InvalidValue("At least one bill is compared, and no more than are looked at.", field="least"))
    if not 0 <= policy.deviations <= 100:
        found.append(InvalidValue("Deviations are from 0 to 100.", field="deviations"))
    if not 0 <= policy.tolerance <= 1000:
        found.append(InvalidValue("The tolerance is from 0 to 1000 percent.", field="tolerance"))
    if policy.first_limit is not None and policy.first_limit < 0:
        found.append(InvalidValue("The limit of first bills is not below zero.", field="first_limit"))
    if not 0 <= policy.grace_days <= MOST_GRACE_DAYS:
        found.append(InvalidValue(f"The grace window has 0 to {MOST_GRACE_DAYS} days.", field="grace_days"))
    return found


def comparable(days: int, other: int) -> bool:
    """Are two bills for periods about as long? A month is to a month, a year not; a part of a month is not."""
    return 4 * other >= 3 * days and 3 * other <= 4 * days


def judge(policy: BillingPolicy, bill: JudgedBill, past: Iterable[PastBill]) -> Verdict | None:
    """Why a bill is out of line with what its agreement was billed before; None where it is not.

    For a median of 100 with deviations 0, 10 and 20 (median 10), 5 deviations and 25 percent let 50 to 150 pass.
    """
    likes = [one.net for one in past if comparable(bill.days, one.days)][: policy.bills]
    if len(likes) < policy.least:
        return _first(policy, bill)
    digits = minor_units(bill.currency)
    usual = median(likes)
    spread = median([abs(net - usual) for net in likes])
    slack = max(policy.deviations * spread, abs(usual) * policy.tolerance / 100)
    lower, upper = round_to(usual - slack, digits), round_to(usual + slack, digits)
    usual = round_to(usual, digits)
    bounds = f"the last {len(likes)} comparable bills came to {_money(usual, bill)} in the middle, and"
    if bill.net > upper:
        words = f"{_money(bill.net, bill)} is more than usual: {bounds} up to {_money(upper, bill)} would pass."
        return Verdict(WaitingCause.ABOVE_USUAL, words, usual, lower, upper)
    if bill.net and bill.net < lower:
        words = f"{_money(bill.net, bill)} is less than usual: {bounds} from {_money(lower, bill)} on it would pass."
        return Verdict(WaitingCause.BELOW_USUAL, words, usual, lower, upper)
    if bill.credited > upper:
        words = f"{_money(bill.credited, bill)} would be given back, more than is usually billed: {bounds} no more."
        return Verdict(WaitingCause.LARGE_CREDIT, words, usual, lower, upper)
    return None


def _first(policy: BillingPolicy, bill: JudgedBill) -> Verdict | None:
    limit = policy.first_limit
    if limit is None or bill.net * bill.entity_rate <= limit:
        return None
    most = (
        f"{limit.normalize():f} in the currency of the legal entity" if bill.entity_rate != 1 else _money(limit, bill)
    )
    above = f"{_money(bill.net, bill)} is above {most}"
    words = f"{above}, the limit for bills that nothing can be compared with."
    return Verdict(WaitingCause.LARGE_FIRST, words, upper=limit)


def _money(value: Decimal, bill: JudgedBill) -> str:
    return write_money(round_to(value, minor_units(bill.currency)), bill.currency)


def decide(
    policy: BillingPolicy, bill: JudgedBill, past: Sequence[PastBill], held: Waiting | None, today: date
) -> Verdict | None:
    """Why a planned bill waits; None where it is issued. A grace window begins with the first draft.

    What a person refused waits on while it is the same amount; else it is judged anew, like every bill.
    """
    if held is not None and held.status == WaitingStatus.REFUSED and (held.net, held.credited) == bill[:2]:
        return Verdict(WaitingCause(held.cause), held.words)
    verdict = judge(policy, bill, past) if policy.gated else None
    if verdict is not None:
        return verdict
    end = window_end(policy, held, today)
    if bill.net and end is not None and today < end:
        return Verdict(WaitingCause.GRACE, f"A draft: it is issued on {end}, or by hand before.")
    return None


AT_ONCE = frozenset({WaitingCause.ABOVE_USUAL, WaitingCause.LARGE_FIRST, WaitingCause.LARGE_CREDIT})
"""What holds a bill of a change: a part of a period is less than usual by its nature."""


def decide_at_once(policy: BillingPolicy, bill: JudgedBill, past: Sequence[PastBill]) -> Verdict | None:
    """Why what an event bills at once waits for a person; None where it is issued. It has no grace window."""
    verdict = judge(policy, bill, past) if policy.gated else None
    return verdict if verdict is not None and verdict.cause in AT_ONCE else None


def window_end(policy: BillingPolicy, held: Waiting | None, today: date) -> date | None:
    """When the grace window of a bill ends: as it was set when it was first drafted; None without a window."""
    if not policy.grace_days:
        return None
    return held.until if held is not None and held.until is not None else today + timedelta(days=policy.grace_days)


class BillWaits(Conflict):
    """A change that counts once it is paid has a bill that would wait for a person."""

    code = "bill_waits"


class BillChanged(Conflict):
    """What is due is no longer what the person saw who released it."""

    code = "bill_changed"


def require_same(held: Waiting, net: Decimal, credited: Decimal, currency: str) -> None:
    """Refuse to issue another amount than the one that was released (BillChanged); a draft is issued as it is due."""
    if held.cause == WaitingCause.GRACE or held.cause in WITHOUT_PLAN or (held.net, held.credited) == (net, credited):
        return
    before = write_money(held.net, currency)
    now = write_money(net, currency) + (f" and {write_money(credited, currency)} is given back" if credited else "")
    raise BillChanged(
        f"What is due has changed since this bill was held: it was {before}, and is {now} now.",
        field="net",
        fix="Run the bills: it is judged anew.",
    )
