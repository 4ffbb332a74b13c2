"""Metrics follow their definitions."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.report.metrics.rules import days_sales_outstanding, dso_by_month, grouped

D = Decimal


@pytest.mark.parametrize(
    ("receivable", "invoiced", "days", "expected"),
    [("300", "900", 90, "30.0"), ("0", "900", 90, "0.0"), ("1000", "900", 90, "100.0"), ("1", "3", 90, "30.0")],
)
def test_dso_is_receivables_over_sales(receivable: str, invoiced: str, days: int, expected: str) -> None:
    found = days_sales_outstanding(D(receivable), D(invoiced), days)
    assert found is not None
    assert str(found.result) == expected
    assert found.breaks() == []


def test_without_sales_there_is_no_dso() -> None:
    assert days_sales_outstanding(D(5), D(0)) is None
    assert days_sales_outstanding(D(5), D(-1)) is None


def test_dso_by_month_rolls_the_balance_forward() -> None:
    months = {
        date(2026, 1, 1): (D(100), D(100)),
        date(2026, 2, 1): (D(50), D(150)),
        date(2026, 4, 1): (D(-150), D(0)),
    }
    found = dso_by_month(D(0), months, last=date(2026, 5, 31), count=5)
    assert [month.month for month, _ in found] == [1, 2, 3, 4, 5]
    # 150 open of 250 billed in 90 days; paid in April; nothing billed from March to May
    assert [days for _, days in found] == [D("92.0"), D("54.0"), D("54.0"), D("0.0"), None]


def test_figures_of_one_kind_are_summed_by_currency() -> None:
    rows = [("a", "EUR", 2, D(5)), ("a", "USD", 1, D(7)), ("b", "", 3, None)]
    assert grouped(rows) == {"a": (3, (("EUR", D(5)), ("USD", D(7)))), "b": (3, ())}
