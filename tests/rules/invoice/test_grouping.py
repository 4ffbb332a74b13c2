"""What goes on one invoice of a customer, as a rule: every line once, whatever the rule."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.invoice.billing.rules.grouping import (
    AgreementTraits,
    BillToGroup,
    GroupBy,
    GroupedBill,
    group_bills,
)
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine, agreement_parts
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.kernel.identifiers import new_id

D = Decimal
DAY = date(2026, 3, 1)
ENTITY, CUSTOMER = new_id(), new_id()


def line(net: str, subscription: str = "") -> DraftLine:
    details = f'{{"subscription":"{subscription}"}}' if subscription else "{}"
    return DraftLine(
        None, None, "service", "standard", new_id(), DAY, 0, None, "Work", D(1), "C62", D(net), D(net), DAY, False,
        "{}", details=details,
    )  # fmt: skip


def bill(*lines: DraftLine, terms: int = 30, **changes: Any) -> BillToGroup:
    draft = DraftInvoice(ENTITY, CUSTOMER, new_id(), "EUR", DAY, lines)
    return BillToGroup(draft._replace(**changes), terms, (new_id(),))


@dataclass
class Account:
    """Bills of one customer, with the order reference of each."""

    references: dict[UUID, str] = field(default_factory=dict)

    def grouped(self, rule: GroupBy, *bills: BillToGroup, references: tuple[str, ...] = ()) -> list[GroupedBill]:
        traits = {}
        for index, one in enumerate(bills):
            key = one.draft.agreement_id
            assert key is not None
            traits[key] = AgreementTraits(f"AGR-{index + 1}", references[index] if references else "")
        found = group_bills(bills, {CUSTOMER: rule}, traits)
        before = sorted(one.source_id for item in bills for one in item.draft.lines)
        assert sorted(one.source_id for item in found for one in item.draft.lines) == before
        return found


ACCOUNT = Account()


def test_all_of_a_day_goes_on_one_invoice_whose_lines_name_their_contract() -> None:
    bills = (bill(line("10"), line("20")), bill(line("5")))
    (found,) = ACCOUNT.grouped(GroupBy.CUSTOMER, *bills, references=("PO-1", "PO-2"))
    draft = found.draft
    assert draft.agreement_id is None
    assert draft.combines == (bills[0].draft.agreement_id, bills[1].draft.agreement_id)
    assert [one.description for one in draft.lines] == [
        "Work (AGR-1, PO-1)", "Work (AGR-1, PO-1)", "Work (AGR-2, PO-2)",
    ]  # fmt: skip
    assert [one.agreement_id for one in draft.lines] == [draft.combines[0], draft.combines[0], draft.combines[1]]
    assert (draft.purchase_order, draft.terms_days) == ("", 30)
    assert found.order_ids == (*bills[0].order_ids, *bills[1].order_ids)


def test_one_contract_alone_stays_what_it_is() -> None:
    one = bill(line("10"))
    (found,) = ACCOUNT.grouped(GroupBy.CUSTOMER, one)
    assert found == GroupedBill(one.draft, one.order_ids)


@pytest.mark.parametrize(
    ("changes", "terms"),
    [({"currency": "USD"}, 30), ({"entity_id": new_id()}, 30), ({}, 14), ({"issued_on": date(2026, 3, 2)}, 30)],
)
def test_another_currency_entity_term_or_day_is_another_invoice(changes: dict[str, Any], terms: int) -> None:
    assert len(ACCOUNT.grouped(GroupBy.CUSTOMER, bill(line("1")), bill(line("2"), terms=terms, **changes))) == 2


def test_contracts_of_one_order_reference_go_together_and_those_without_stay_alone() -> None:
    bills = [bill(line("1")) for _ in range(4)]
    found = ACCOUNT.grouped(GroupBy.PURCHASE_ORDER, *bills, references=("PO-1", "", "PO-1", ""))
    assert [len(one.draft.agreements) for one in found] == [2, 1, 1]
    assert found[0].draft.purchase_order == "PO-1"
    assert found[0].draft.lines[0].description == "Work (AGR-1)"


def test_each_subscription_has_its_invoice_and_what_comes_to_nothing_goes_along() -> None:
    one = bill(line("10", "a"), line("20", "b"), line("0", "c"), line("5", "a"))
    found = ACCOUNT.grouped(GroupBy.SUBSCRIPTION, one)
    assert [[part.net_amount for part in item.draft.lines] for item in found] == [[10, 0, 5], [20]]
    assert {item.draft.agreement_id for item in found} == {one.draft.agreement_id}


@pytest.mark.parametrize("changes", [{"deducts": (new_id(),)}, {"kind": InvoiceKind.PARTIAL}])
def test_a_bill_that_belongs_to_others_stays_alone(changes: dict[str, Any]) -> None:
    assert len(ACCOUNT.grouped(GroupBy.CUSTOMER, bill(line("1"), **changes), bill(line("2")), bill(line("3")))) == 2


def test_the_parts_of_contracts_sum_to_the_net_with_coupons() -> None:
    (found,) = ACCOUNT.grouped(GroupBy.CUSTOMER, bill(line("10")), bill(line("10"), line("10")))
    shares = [Fraction(1, 3)] * 3
    parts = agreement_parts(found.draft, shares, D("29.00"))
    assert [part.net_total for part in parts] == [D("9.67"), D("19.33")]
    assert [part.discount_total for part in parts] == [D("0.33"), D("0.67")]
    assert sum(part.net_total for part in agreement_parts(found.draft, shares, D("28.99"))) == D("28.99")
