"""Matching of payments: what is applied unseen, what is only suggested, and that money is never applied twice."""

import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashline.flow.receive.bank.rules.matching import (
    LineMatch,
    MatchPlan,
    MatchRule,
    MatchSettings,
    MatchStatus,
    OpenItem,
    WriteOffReason,
    plan_matches,
)
from cashline.flow.receive.bank.rules.names import alike, name_key
from cashline.flow.receive.bank.rules.references import scan, slips, structured_keys, words_like_numbers
from cashline.flow.receive.bank.rules.statement import StatementLine
from cashline.flow.receive.bank.rules.subset_sum import find_subsets

TODAY = date(2026, 4, 15)
ALPHA, BETA = "DE89370400440532013000", "NL91ABNA0417164300"
TOLERANT = MatchSettings(tolerance_amount=Decimal("5.00"), tolerance_rate=Decimal("0.01"))


def item(number: str, amount: str, customer: str = "alpha", **more: object) -> OpenItem:
    known = {"alpha": ("Alpha Systems GmbH", ALPHA), "beta": ("Beta Foods B.V.", BETA)}
    name, iban = known.get(customer, (customer, ""))
    return OpenItem(
        invoice_id=number,
        number=number,
        customer_id=customer,
        customer_name=name,
        currency="EUR",
        open_amount=Decimal(amount),
        due_date=date(2026, 3, 1) + timedelta(days=int(number[-3:])),
        ibans=(iban,) if iban else (),
        **more,  # type: ignore[arg-type]
    )


def line(amount: str, text: str = "", iban: str = "", name: str = "", key: str = "1", **more: object) -> StatementLine:
    return StatementLine(
        booking_date=TODAY,
        value_date=TODAY,
        amount=Decimal(amount),
        currency="EUR",
        index=1,
        remittance=text,
        counterparty_iban=iban,
        counterparty_name=name,
        fingerprint=key,
        **more,  # type: ignore[arg-type]
    )


def match(given_line: StatementLine, *items: OpenItem, policy: MatchSettings | None = None) -> LineMatch:
    return plan_matches([given_line], items, policy or MatchSettings()).matches[0]


def settled(found: LineMatch) -> dict[object, Decimal]:
    assert found.applied is not None
    return {each.invoice_id: each.amount + each.write_off for each in found.applied.allocations}


OPEN = (item("INV-2026-000101", "119.00"), item("INV-2026-000102", "50.00"), item("INV-2026-000201", "80.00", "beta"))


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-000101",
        "inv 2026 000101",
        "Rechnung INV2026000101 vom 3.4.",
        "INV.2026/000101",
        "lNV-2O26-OOO1O1",
        "/REMI/INV-2026-000101/",
        "KD 4711 RE INV_2026_000101;danke",
        "2026-000101",
        "RF83INV2026000101",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert settled(match(line("119.00", text, ALPHA), *OPEN)) == {"INV-2026-000101": Decimal("119.00")}


@pytest.mark.parametrize(
    "text", ["INV-2026-0001011", "XINV-2026-000101", "1INV-2026-00010", "INV-2026-00010", "000101x9"]
)
def test_a_number_inside_another_word_is_not_taken_for_it(text: str) -> None:
    found = match(line("77.77", text, "AT611904300234573201"), *OPEN)
    assert found.applied is None


def test_structured_creditor_references_are_checked_and_found() -> None:
    referenced = item("INV-2026-000103", "10.00", reference="RF18 5390 0754 7034")
    found = match(line("10.00", creditor_references=("RF18539007547034",)), *OPEN, referenced)
    assert settled(found) == {"INV-2026-000103": Decimal("10.00")}
    swiss = item("INV-2026-000104", "10.00", reference="210000000003139471430009017")
    found = match(line("10.00", creditor_references=("21 00000 00003 13947 14300 09017",)), *OPEN, swiss)
    assert settled(found) == {"INV-2026-000104": Decimal("10.00")}
    assert structured_keys("RF18539007547034") == ("RF18539007547034", "539007547034")
    assert structured_keys("RF19539007547034") == ("RF19539007547034",)


def test_several_named_invoices_are_paid_together() -> None:
    found = match(line("169.00", "INV-2026-000101, INV-2026-000102", ALPHA), *OPEN)
    assert settled(found) == {"INV-2026-000101": Decimal("119.00"), "INV-2026-000102": Decimal("50.00")}


def test_a_credit_note_that_is_named_is_used() -> None:
    credit = item("CN-2026-000301", "-19.00")
    found = match(line("100.00", "INV-2026-000101 less CN-2026-000301", ALPHA), *OPEN, credit)
    assert settled(found) == {"INV-2026-000101": Decimal("119.00"), "CN-2026-000301": Decimal("-19.00")}


def test_charges_within_the_declared_tolerance_are_written_off() -> None:
    found = match(line("118.00", "INV-2026-000101", ALPHA), *OPEN, policy=TOLERANT)
    assert found.applied is not None
    (allocation,) = found.applied.allocations
    assert (allocation.amount, allocation.write_off) == (Decimal("118.00"), Decimal("1.00"))
    assert allocation.write_off_reason is WriteOffReason.TOLERANCE


def test_without_a_declared_tolerance_nothing_is_written_off() -> None:
    found = match(line("118.00", "INV-2026-000101", ALPHA), *OPEN)
    assert settled(found) == {"INV-2026-000101": Decimal("118.00")}


def test_charges_that_the_bank_names_are_written_off_as_such() -> None:
    found = match(line("109.00", "INV-2026-000101", ALPHA, charges=Decimal("10.00")), *OPEN)
    assert found.applied is not None
    assert found.applied.allocations[0].write_off_reason is WriteOffReason.BANK_CHARGES


@pytest.mark.parametrize(("until", "settles"), [(TODAY, "119.00"), (TODAY - timedelta(days=1), "116.62")])
def test_an_early_payment_discount_counts_until_its_day(until: date, settles: str) -> None:
    offered = replace(OPEN[0], discount_amount=Decimal("2.38"), discount_until=until)
    found = match(line("116.62", "INV-2026-000101", ALPHA), offered, *OPEN[1:])
    assert settled(found) == {"INV-2026-000101": Decimal(settles)}


def test_more_than_is_open_stays_on_account() -> None:
    found = match(line("150.00", "INV-2026-000101", ALPHA), *OPEN)
    assert settled(found) == {"INV-2026-000101": Decimal("119.00")}
    assert found.applied is not None
    assert found.applied.unapplied == Decimal("31.00")
    assert found.applied.customer_id == "alpha"


def test_the_rest_that_equals_another_invoice_is_a_question() -> None:
    found = match(line("169.00", "INV-2026-000101", ALPHA), *OPEN)
    assert found.status is MatchStatus.SUGGEST
    assert {each.invoice_id for each in found.proposals[0].allocations} == {"INV-2026-000101", "INV-2026-000102"}


def test_a_known_account_and_the_only_invoice_of_that_amount() -> None:
    found = match(line("50.00", "thank you", ALPHA), *OPEN)
    assert settled(found) == {"INV-2026-000102": Decimal("50.00")}
    assert found.applied is not None
    assert found.applied.rule is MatchRule.ACCOUNT_AND_AMOUNT
    assert "Alpha Systems GmbH" in found.applied.reasons[0]


def test_two_invoices_of_the_amount_are_ambiguous_and_never_applied() -> None:
    found = match(line("50.00", "", ALPHA), *OPEN, item("INV-2026-000105", "50.00"))
    assert found.status is MatchStatus.SUGGEST
    assert [each.allocations[0].number for each in found.proposals] == ["INV-2026-000102", "INV-2026-000105"]


def test_as_many_payments_as_invoices_of_the_amount_are_applied_oldest_to_oldest() -> None:
    items = [*OPEN, item("INV-2026-000105", "50.00")]
    plan = plan_matches([line("50.00", "", ALPHA, key="b"), line("50.00", "", ALPHA, key="a")], items)
    assert [settled(each) for each in plan.matches] == [
        {"INV-2026-000105": Decimal("50.00")},
        {"INV-2026-000102": Decimal("50.00")},
    ]


def test_a_payment_that_names_its_invoice_clears_up_the_one_that_names_none() -> None:
    items = [*OPEN, item("INV-2026-000105", "50.00")]
    lines = [line("50.00", "", ALPHA, key="a"), line("50.00", "INV-2026-000102", ALPHA, key="b")]
    plan = plan_matches(lines, items)
    assert [list(settled(each)) for each in plan.matches] == [["INV-2026-000105"], ["INV-2026-000102"]]


def test_the_whole_balance_of_a_known_account() -> None:
    found = match(line("169.00", "all open invoices", ALPHA), *OPEN)
    assert settled(found) == {"INV-2026-000101": Decimal("119.00"), "INV-2026-000102": Decimal("50.00")}


def test_the_only_sum_of_some_invoices_is_suggested() -> None:
    items = [item(f"INV-2026-000{number}", f"{number}.37") for number in (111, 123, 157, 191)]
    found = match(line("314.74", "", ALPHA), *items)
    assert found.status is MatchStatus.SUGGEST
    assert {each.number for each in found.proposals[0].allocations} == {"INV-2026-000123", "INV-2026-000191"}


def test_a_slip_in_the_number_is_forgiven_where_payer_and_amount_agree() -> None:
    assert settled(match(line("119.00", "INV-2026-000110", ALPHA), *OPEN)) == {"INV-2026-000101": Decimal("119.00")}
    assert match(line("119.00", "INV-2026-000110"), *OPEN).status is MatchStatus.SUGGEST


def test_a_name_and_an_amount_without_account() -> None:
    found = match(line("80.00", "", name="BETA FOODS BV"), *OPEN)
    assert settled(found) == {"INV-2026-000201": Decimal("80.00")}
    assert match(line("80.00", "", name="Beta Fods"), *OPEN).status is MatchStatus.SUGGEST


def test_an_amount_alone_is_at_most_a_suggestion() -> None:
    found = match(line("80.00", "", name="Someone Else"), *OPEN)
    assert found.status is MatchStatus.SUGGEST
    assert found.proposals[0].rule is MatchRule.AMOUNT


def test_a_named_invoice_of_another_customer_is_at_most_a_suggestion() -> None:
    assert match(line("80.00", "INV-2026-000201", ALPHA), *OPEN).status is MatchStatus.SUGGEST


def test_an_invoice_that_is_not_open_keeps_the_payment_from_another_of_that_amount() -> None:
    found = match(line("50.00", "INV-2025-000999", ALPHA), *OPEN)
    assert found.status is MatchStatus.SUGGEST


def test_the_second_payment_of_an_invoice_is_not_applied() -> None:
    first, second = (line("119.00", "INV-2026-000101", ALPHA, key=key) for key in "ab")
    plan = plan_matches([second, first], OPEN)
    assert [each.status is MatchStatus.APPLY for each in plan.matches] == [False, True]


def test_naming_a_paid_invoice_is_no_slip_for_another_one() -> None:
    twin, paid = item("INV-2026-000111", "119.00"), {"INV-2026-000121": "alpha"}
    again = line("119.00", "INV-2026-000121", ALPHA)
    assert plan_matches([again], [twin]).matches[0].status is MatchStatus.APPLY
    assert plan_matches([again], [twin], settled=paid).matches[0].status is MatchStatus.SUGGEST
    assert plan_matches([again], [twin], settled={"INV-2026-000121": "beta"}).matches[0].status is MatchStatus.APPLY


def test_one_number_in_two_series_is_ambiguous() -> None:
    twin = replace(OPEN[0], invoice_id="other", customer_id="gamma", customer_name="Gamma")
    assert match(line("119.00", "INV-2026-000101"), *OPEN, twin).status is MatchStatus.SUGGEST


def test_money_out_reversals_and_other_currencies_are_left_alone() -> None:
    lines = [line("-119.00", "INV-2026-000101"), line("119.00", "INV-2026-000101", is_reversal=True)]
    plan = plan_matches([*lines, replace(line("119.00", "INV-2026-000101"), currency="USD")], OPEN)
    statuses = [each.status for each in plan.matches]
    assert statuses == [MatchStatus.NOT_A_RECEIPT, MatchStatus.NOT_A_RECEIPT, MatchStatus.UNMATCHED]
    assert all(each.reason for each in plan.matches)


AMOUNTS = st.sampled_from(["10.00", "20.00", "30.00", "50.00", "70.01", "99.99"])
WORLDS = st.lists(st.tuples(AMOUNTS, st.sampled_from(["alpha", "beta", "gamma"])), min_size=1, max_size=12)
PAYMENTS = st.lists(
    st.tuples(
        st.sampled_from(["10.00", "20.00", "49.50", "60.00", "99.99", "300.00"]),
        st.lists(st.integers(0, 14), max_size=3),
        st.sampled_from([ALPHA, BETA, ""]),
        st.sampled_from(["", "Gamma", "Alpha Systems"]),
    ),
    min_size=1,
    max_size=8,
)


def drawn(world: list[tuple[str, str]], payments: list[tuple[str, list[int], str, str]]) -> tuple[list, list]:  # type: ignore[type-arg]
    items = [item(f"INV-2026-000{100 + place}", amount, customer) for place, (amount, customer) in enumerate(world)]
    lines = [
        line(amount, " ".join(f"INV-2026-000{100 + number}" for number in numbers), iban, name, key=f"{place:03}")
        for place, (amount, numbers, iban, name) in enumerate(payments)
    ]
    return items, lines


def check(plan: MatchPlan, items: list[OpenItem]) -> None:
    used: dict[object, Decimal] = dict.fromkeys((each.invoice_id for each in items), Decimal(0))
    for found in plan.matches:
        for proposal in found.proposals:
            assert sum(each.amount for each in proposal.allocations) + proposal.unapplied == found.line.amount
            assert proposal.unapplied >= 0
            assert all(each.amount > 0 and each.write_off >= 0 for each in proposal.allocations)
        if found.applied is not None:
            for allocation in found.applied.allocations:
                used[allocation.invoice_id] += allocation.amount + allocation.write_off
    assert all(used[each.invoice_id] <= each.open_amount for each in items)


@settings(max_examples=300)
@given(world=WORLDS, payments=PAYMENTS, policy=st.sampled_from([MatchSettings(), TOLERANT]))
def test_what_is_applied_sums_to_the_payment_and_never_passes_what_is_open(
    world: list[tuple[str, str]], payments: list[tuple[str, list[int], str, str]], policy: MatchSettings
) -> None:
    items, lines = drawn(world, payments)
    check(plan_matches(lines, items, policy), items)


@given(world=WORLDS, payments=PAYMENTS, random=st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_anything(
    world: list[tuple[str, str]],
    payments: list[tuple[str, list[int], str, str]],
    random: object,
) -> None:
    items, lines = drawn(world, payments)
    before = {each.line.fingerprint: each for each in plan_matches(lines, items).matches}
    random.shuffle(items)  # type: ignore[attr-defined]
    random.shuffle(lines)  # type: ignore[attr-defined]
    assert {each.line.fingerprint: each for each in plan_matches(lines, items).matches} == before


@given(
    amounts=st.lists(st.integers(1, 40), min_size=1, max_size=9),
    target=st.integers(1, 120),
    steps=st.integers(1, 3_000),
)
def test_subsets_sum_to_the_target_and_a_complete_search_misses_none(
    amounts: list[int], target: int, steps: int
) -> None:
    found = find_subsets(amounts, target, max_steps=steps, max_found=1_000)
    for subset in found.subsets:
        assert sum(amounts[place] for place in subset) == target
        assert len(set(subset)) == len(subset) > 1
    if found.is_complete:
        choices = (
            tuple(place for place in range(len(amounts)) if mask >> place & 1) for mask in range(1 << len(amounts))
        )
        every = [each for each in choices if len(each) > 1 and sum(amounts[place] for place in each) == target]
        assert sorted(found.subsets) == sorted(every)


def test_one_customer_with_thousands_of_equal_invoices_and_payments() -> None:
    items = [replace(item(f"INV-2026-{number:06}", "49.00"), due_date=TODAY) for number in range(3_600)]
    lines = [
        line("49.00", f"INV-2026-{number:06}" if number % 2 else "", ALPHA, key=f"{number:05}")
        for number in range(3_600)
    ]
    started = time.perf_counter()
    plan = plan_matches(lines, items)
    assert time.perf_counter() - started < 20
    assert len(plan.of_status(MatchStatus.APPLY)) == 3_600
    check(plan, items)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE GMBH & CO. KG"),
        ("Mu\u0308ller & So\u0308hne", "Mueller Soehne"),
        ("Anna Berg", "Berg, Anna"),
        ("Société Générale S.A.", "SOCIETE GENERALE"),
        ("Żabka Sp. z o.o.", "ZABKA SP ZOO"),
    ],
)
def test_names_that_are_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_names_that_are_alike_or_not() -> None:
    assert alike(name_key("Beta Fods"), name_key("Beta Foods")) >= 85
    assert alike(name_key("Alpen Logistik Qeqsdox"), name_key("Alpen Logistik")) == 90
    assert alike(name_key("Alpha Systems"), name_key("Omega Bau")) < 60
    assert alike("", "") == 0


def test_words_that_look_like_numbers_and_their_slips() -> None:
    assert words_like_numbers(scan("re INV-2026-1 and INV/2026/000123x"), ("1NV",)) == ("1NV20261", "1NV2026000123")
    assert "1NV2026000132" in set(slips("1NV2026000123", 3))
    assert all(word.startswith("1NV") for word in slips("1NV2026000123", 3))
