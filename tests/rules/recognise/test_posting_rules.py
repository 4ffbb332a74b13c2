"""Every fact becomes an entry that balances in both currencies, and a settled document ends at exactly zero."""

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.handoffs import HANDOFFS
from cashline.flow.recognise.intercompany.rules import SIDES
from cashline.flow.recognise.ledger.rules.accounts import CHART, AccountRole
from cashline.flow.recognise.ledger.rules.entries import Balance, PlannedEntry, UnbalancedEntry, carry
from cashline.flow.recognise.ledger.rules.not_posting import NOT_POSTING
from cashline.flow.recognise.ledger.rules.periods import accounting_day, dated
from cashline.flow.recognise.ledger.rules.posting import POSTING, Fact, FactAmount, Held, held_keys, plan_entry
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import month_of
from cashline.kernel.rounding import round_to

D = Decimal
R = AccountRole
ENTITY, CUSTOMER, AGREEMENT = new_id(), new_id(), new_id()
DAY = date(2026, 3, 9)


def fact(*amounts: FactAmount, currency: str = "EUR", rate: str = "1") -> Fact:
    return Fact(ENTITY, currency, D(rate), DAY, new_id(), "X-1", CUSTOMER, AGREEMENT, amounts)


def post(event: str, one: Fact, held: Held | None = None) -> PlannedEntry:
    entry = plan_entry(POSTING[event], one, currency="EUR", digits=2, held={} if held is None else held)
    assert entry is not None
    assert sum(line.amount for line in entry.lines) == 0
    assert sum(line.functional for line in entry.lines) == 0
    return entry


def lines(entry: PlannedEntry) -> list[tuple[str, str, str]]:
    return [(line.role.value, str(line.amount), str(line.functional)) for line in entry.lines]


def invoice_fact(document: UUID, net: str, tax: str, **options: str) -> Fact:
    gross = D(net) + D(tax)
    return fact(FactAmount("gross", gross, document), FactAmount("net", D(net)), FactAmount("tax", D(tax)), **options)


def test_every_role_has_one_account_of_a_new_chart() -> None:
    assert sorted(template.role for template in CHART) == sorted(AccountRole)
    assert len({template.code for template in CHART}) == len(CHART)


def event_types() -> set[str]:
    """Every name of an event in the source of actions: words in CamelCase that end in a participle."""
    found: set[str] = set()
    for path in (Path(__file__).parents[3] / "src" / "cashline").rglob("*.py"):
        if path.stem in ("actions", "jobs") or "actions" in path.parent.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and EVENT.fullmatch(node.value):
                    found.add(node.value)
    return found


EVENT = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)*?([A-Z][a-z]*ed|Sent|Set|Given|Lifted|Withdrawn|Held|Won|Lost|Sent\w+)")


def test_every_event_posts_or_is_declared_not_to() -> None:
    """A new event is given a rule in `rules/posting.py`, or a reason in `rules/not_posting.py`."""
    names = {"BilledDocument"}
    known = POSTING.keys() | NOT_POSTING.keys()
    assert sorted(event_types() - names - known) == []
    assert sorted(POSTING.keys() & NOT_POSTING.keys()) == []
    posting = {event for event in HANDOFFS if any("post_" in one.__name__ for one in HANDOFFS[event])}
    by_their_action = {
        "RevenueRecognised",
        "ArrangementRecognised",
        *(event for pair in SIDES.values() for event in pair),
    }
    assert posting == POSTING.keys() - by_their_action


def test_every_rule_can_post_every_amount_it_names() -> None:
    for rule in POSTING.values():
        assert {line.side.value for line in rule.lines} == {"debit", "credit"}
        assert "{number}" in rule.text


def test_invoice_in_the_entitys_own_currency() -> None:
    document = new_id()
    entry = post("InvoiceIssued", invoice_fact(document, "100.00", "19.00"))
    assert lines(entry) == [
        ("receivable", "119.00", "119.00"),
        ("contract_position", "-100.00", "-100.00"),
        ("tax_payable", "-19.00", "-19.00"),
    ]
    assert [line.document_id for line in entry.lines] == [document, None, None]
    assert [line.agreement_id for line in entry.lines] == [None, AGREEMENT, None]


def test_untaxed_invoice_has_no_tax_line_and_nothing_at_all_no_entry() -> None:
    assert len(post("InvoiceIssued", invoice_fact(new_id(), "5", "0")).lines) == 2
    empty = invoice_fact(new_id(), "0", "0")
    assert plan_entry(POSTING["InvoiceIssued"], empty, currency="EUR", digits=2, held={}) is None


def test_payment_at_another_rate_shows_the_exchange_difference() -> None:
    """1 000 USD invoiced at 0.90 and paid at 0.95: 50 EUR gained."""
    document, held = new_id(), dict[tuple[AccountRole, UUID], Balance]()
    post("InvoiceIssued", invoice_fact(document, "1000", "0", currency="USD", rate="0.90"), held)
    paid = fact(
        FactAmount("received_by_bank", D(1000)),
        FactAmount("settled", D(1000), document, D("0.90")),
        currency="USD",
        rate="0.95",
    )
    assert lines(post("PaymentReceived", paid, held)) == [
        ("bank", "1000", "950.00"),
        ("receivable", "-1000", "-900.00"),
        ("fx_gain_loss", "0", "-50.00"),
    ]
    assert held[R.RECEIVABLE, document] == Balance(D(0), D(0))


def test_rounding_of_a_foreign_invoice_is_no_exchange_difference() -> None:
    """0.05 + 0.05 at 0.5: 0.03 + 0.03 against 0.05."""
    entry = post("InvoiceIssued", invoice_fact(new_id(), "0.05", "0.05", currency="USD", rate="0.5"))
    assert lines(entry)[-1] == ("rounding", "0", "0.01")


def test_revenue_keeps_the_rate_of_the_advance_and_takes_that_of_the_day_beyond_it() -> None:
    """100 billed at 0.90, then 150 earned at 1.00: 90 + 50 (IFRIC 22.8)."""
    held = {(R.CONTRACT_POSITION, AGREEMENT): Balance(D(-100), D(-90))}
    earned = fact(FactAmount("recognised", D(150)), FactAmount("goods", D(150)), currency="USD", rate="1.00")
    entry = post("RevenueRecognised", earned, held)
    assert [line.functional for line in entry.lines[:1]] == [D("140.00")]
    assert held[R.CONTRACT_POSITION, AGREEMENT] == Balance(D(50), D("50.00"))


def test_late_fact_says_so() -> None:
    entry = dated(post("InvoiceIssued", invoice_fact(new_id(), "1", "0")), [month_of(date(2026, 3, 1))])
    assert entry.day == date(2026, 4, 1)
    assert entry.text == "Invoice X-1 (of 2026-03-09, a closed month)"


@pytest.mark.parametrize(
    ("day", "closed", "expected"),
    [
        ("2026-03-09", [], "2026-03-09"),
        ("2026-03-09", ["2026-02-01"], "2026-03-09"),
        ("2026-03-09", ["2026-03-01"], "2026-04-01"),
        ("2025-12-31", ["2025-12-01", "2026-01-01", "2026-02-01"], "2026-03-01"),
        ("2026-01-15", ["2026-01-01", "2026-03-01"], "2026-02-01"),
    ],
)
def test_first_open_day(day: str, closed: list[str], expected: str) -> None:
    found = accounting_day(date.fromisoformat(day), [month_of(date.fromisoformat(month)) for month in closed])
    assert found == date.fromisoformat(expected)


def test_rule_that_does_not_balance_is_stopped() -> None:
    wrong = fact(FactAmount("gross", D(10), new_id()), FactAmount("net", D(9)))
    with pytest.raises(UnbalancedEntry):
        plan_entry(POSTING["InvoiceIssued"], wrong, currency="EUR", digits=2, held={})


cents = st.decimals(min_value="0.01", max_value=10_000, places=2)
rates = st.decimals(min_value="0.001", max_value=200, places=6).filter(bool)


@given(cents, cents, rates, st.lists(st.tuples(st.integers(1, 100), rates, st.booleans()), max_size=6), rates)
def test_settled_document_ends_at_exactly_zero(
    net: Decimal, tax: Decimal, rate: Decimal, steps: list[tuple[int, Decimal, bool]], last: Decimal
) -> None:
    """Paid in parts at other rates, some taken back in between, the rest paid: nothing stays in either currency."""
    document, held = new_id(), dict[tuple[AccountRole, UUID], Balance]()
    post("InvoiceIssued", invoice_fact(document, str(net), str(tax), currency="USD", rate=str(rate)), held)
    left = net + tax
    settled = D(0)
    for percent, day_rate, back in steps:
        amount = -round_to(settled * percent / 100, 2) if back else round_to(left * percent / 100, 2)
        if not amount:
            continue
        left, settled = left - amount, settled + amount
        _settle(document, amount, rate, day_rate, held)
        assert held[R.RECEIVABLE, document].amount == left
        assert held[R.RECEIVABLE, document].functional == round_to(left * rate, 2)
    if left:
        _settle(document, left, rate, last, held)
    assert held[R.RECEIVABLE, document] == Balance(D(0), D(0))


def _settle(document: UUID, amount: Decimal, rate: Decimal, day_rate: Decimal, held: Held) -> None:
    paid = fact(
        FactAmount("received_by_bank", amount),
        FactAmount("settled", amount, document, rate),
        currency="USD",
        rate=str(day_rate),
    )
    assert held_keys(POSTING["PaymentReceived"], paid) == [(R.RECEIVABLE, document)]
    post("PaymentReceived", paid, held)


@given(st.lists(st.tuples(cents, st.booleans(), rates), min_size=1, max_size=8))
def test_contract_position_of_zero_is_worth_zero(changes: list[tuple[Decimal, bool, Decimal]]) -> None:
    held = Balance()
    for amount, debit, rate in changes:
        change = amount if debit else -amount
        held = Balance(held.amount + change, held.functional + carry(held, change, rate, 2))
    back = carry(held, -held.amount, D(7), 2)
    assert held.functional + back == 0
    if held.amount:
        assert held.functional * held.amount >= 0
