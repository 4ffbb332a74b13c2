"""The cash flow of the group (IAS 7.18(b), 7.25 to 7.28): flows at the average of their month, cash at the day's rate.

What lies between cash at the start, the flows and cash at the end is the effect of exchange rates: what revaluing
cash in foreign currency moved, and what translating it did.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import CHART, AccountRole, AccountType
from cashline.flow.report.consolidation.rules import (
    RESULTS,
    ZERO,
    Cell,
    Consolidated,
    Intragroup,
    Kind,
    Member,
    Movement,
    Row,
    Window,
)
from cashline.flow.report.statements.rules.financial import CASH, UNREALISED_RULES
from cashline.kernel.rounding import round_to

_R, _T = AccountRole, AccountType
_NAMES = {template.role.value: (template.code, template.name) for template in CHART}
_BETWEEN = (_R.INTERCOMPANY_RECEIVABLE.value, _R.INTERCOMPANY_PAYABLE.value)
type _Amounts = dict[UUID, Cell]


class _Flow:
    """What moved in an entity within the window, in its own currency and translated."""

    def __init__(
        self, member: Member, movements: Sequence[Movement], opening: Decimal, window: Window, digits: int
    ) -> None:
        self.member, self.digits = member, digits
        self.within = [one for one in movements if one.month >= window.start]
        cash = [one for one in movements if one.role in CASH]
        self.opening = self._at(opening, [one for one in cash if one.month < window.start])
        self.closing = self._at(member.closing, cash)

    def _at(self, rate: Decimal, movements: Sequence[Movement]) -> Cell:
        """Balances at a rate, rounded by account as in the balance sheet."""
        own: dict[str, Decimal] = {}
        for one in movements:
            own[one.role] = own.get(one.role, ZERO) + one.amount
        amount = sum((round_to(each * rate, self.digits) for each in own.values()), ZERO)
        return Cell(amount, sum(own.values(), ZERO))

    def cell(self, wanted: Callable[[Movement], bool], sign: int = -1) -> Cell:
        """What moved on some accounts, at the averages of its months; rounded by account, as results are."""
        own: dict[str, Decimal] = {}
        translated: dict[str, Decimal] = {}
        for one in (each for each in self.within if wanted(each)):
            own[one.role] = own.get(one.role, ZERO) + one.amount
            value = one.amount * self.member.average[one.month]
            translated[one.role] = translated.get(one.role, ZERO) + value
        amount = sum((round_to(each, self.digits) for each in translated.values()), ZERO)
        return Cell(sign * amount, sign * sum(own.values(), ZERO))

    def lost(self) -> Cell:
        """Receivables written off; nothing where no receivable moved."""
        owed = self.account(_R.RECEIVABLE) is not None
        return self.cell(lambda one: owed and one.role == _R.WRITE_OFF, 1)

    def account(self, role: str) -> UUID | None:
        """The account of a role, where anything moved on it."""
        return next((one.account_id for one in self.within if one.role == role), None)


def cash_flow(
    members: Sequence[Member],
    movements: Iterable[Movement],
    intragroup: Sequence[Intragroup],
    opening: Mapping[UUID, Decimal],
    *,
    currency: str,
    digits: int,
    window: Window,
) -> Consolidated:
    """The cash flow of the group over a window, from movements by rule up to its end.

    `opening` are the rates of the day before the window. What entities owe each other is taken out, sale by sale; what
    its two sides differ by, translated at different averages, stands with the effect of exchange rates.
    """
    by_entity: dict[UUID, list[Movement]] = {one.id: [] for one in members}
    for one in movements:
        by_entity[one.entity_id].append(one)
    flows = [_Flow(one, by_entity[one.id], opening.get(one.id, ZERO), window, digits) for one in members]
    lost = _each(flows, _Flow.lost)
    unrealised = _each(flows, lambda flow: flow.cell(lambda one: one.type not in RESULTS and _revalued(one)))
    profit = _each(flows, lambda flow: flow.cell(lambda one: one.type in RESULTS))
    financing = _each(flows, lambda flow: flow.cell(lambda one: one.type == _T.EQUITY))
    changes = _changes(flows, lost, _taken(intragroup, members, window, digits))
    operating = _sum([profit, lost, unrealised, *(row.cells for row in changes)], flows)
    start, end = _each(flows, lambda flow: flow.opening), _each(flows, lambda flow: flow.closing)
    change = _each(flows, lambda flow: Cell(flow.closing.amount - flow.opening.amount))
    effect = {key: Cell(one.amount - operating[key].amount - financing[key].amount) for key, one in change.items()}
    off = sum((row.eliminated for row in changes), ZERO)
    rows = (
        Row("operating_heading", "Operating activities", weight="heading"),
        Row("profit", "Profit", profit),
        Row("written_off", "Receivables written off", lost),
        Row("unrealised", "Exchange differences not realised", unrealised),
        Row("changes_heading", "Changes in what is tied up", weight="heading"),
        *changes,
        Row("operating", "Cash from operating activities", operating, off, weight="subtotal"),
        Row("financing", "Cash from financing activities", financing, weight="subtotal"),
        Row("effect", "Effect of exchange rates on cash", effect, -off),
        Row("change", "Change in cash", change, weight="subtotal"),
        Row("opening", "Cash at the start", start),
        Row("closing", "Cash at the end", end, weight="total"),
    )
    return Consolidated(Kind.CASH_FLOW, currency, window, tuple(members), rows, tuple(_breaks(flows, rows, currency)))


def _revalued(one: Movement) -> bool:
    return one.rule in UNREALISED_RULES


def _each(flows: Sequence[_Flow], made: Callable[[_Flow], Cell]) -> _Amounts:
    return {flow.member.id: made(flow) for flow in flows}


def _sum(parts: Sequence[Mapping[UUID, Cell]], flows: Sequence[_Flow]) -> _Amounts:
    return _each(
        flows,
        lambda flow: Cell(sum((part[flow.member.id].amount for part in parts if flow.member.id in part), ZERO)),
    )


def _changes(flows: Sequence[_Flow], lost: _Amounts, taken: Mapping[str, Decimal]) -> list[Row]:
    """What more or less is tied up on each account; a receivable written off is no cash that came in."""
    types = (_T.ASSET, _T.LIABILITY)
    roles = {one.role for flow in flows for one in flow.within if one.type in types and one.role not in CASH}
    rows: list[Row] = []
    for role in sorted(roles, key=lambda one: _NAMES[one]):
        cells: _Amounts = {}
        for flow in flows:
            account = flow.account(role)
            if account is None:
                continue
            found = flow.cell(lambda one, role=role: one.role == role and not _revalued(one))  # type: ignore[misc]
            off = lost[flow.member.id] if role == _R.RECEIVABLE else Cell(ZERO, ZERO)
            cells[flow.member.id] = Cell(found.amount - off.amount, (found.own or ZERO) - (off.own or ZERO), account)
        code, name = _NAMES[role]
        rows.append(Row(f"change_{role}", name, cells, taken.get(role, ZERO), code))
    return rows


def _taken(
    intragroup: Sequence[Intragroup], members: Sequence[Member], window: Window, digits: int
) -> dict[str, Decimal]:
    """What the changes of balances within the group come to, by role: taken out of the statement."""
    known = {one.id: one for one in members}
    sums: dict[tuple[UUID, str], Decimal] = {}
    for one in intragroup:
        if one.role in _BETWEEN and one.month >= window.start:
            key = (one.entity_id, one.role)
            sums[key] = sums.get(key, ZERO) + one.amount * known[one.entity_id].average[one.month]
    found: dict[str, Decimal] = {}
    for (_, role), amount in sums.items():
        found[role] = found.get(role, ZERO) + round_to(amount, digits)
    return found


def _breaks(flows: Sequence[_Flow], rows: Sequence[Row], currency: str) -> list[str]:
    """Where an entity of the currency has an effect of exchange rates that is not what revaluing its cash moved."""
    effect = next(row for row in rows if row.key == "effect")
    found: list[str] = []
    for flow in flows:
        revalued = flow.cell(lambda one: one.role in CASH and _revalued(one), 1).amount
        if flow.member.currency == currency and effect.cells[flow.member.id].amount != revalued:
            found.append(f"cash of {flow.member.code}: {effect.cells[flow.member.id].amount} and {revalued}")
    return found
