"""Formulas: what they come to, and what they refuse."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.formulas import BadFormula, evaluate, names_in, require_names

D = Decimal
INPUTS = {"a": D("2.5"), "b": "4", "items": [D(1), D("2.5")]}


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 - 3 - 2", "5"), ("8 / 4 / 2", "1"), ("-a + 3", "0.5"),
        ("- -a", "2.5"), ("0.1 + 0.2", "0.3"), ("a * b", "10"), ("sum(items) * 2", "7"), ("max(a, b, 1)", "4"),
        ("min(a, b)", "2.5"), ("round(2.345, 2)", "2.35"), ("round(-2.345, 2)", "-2.35"), ("ceil(a)", "3"),
        ("floor(-a)", "-3"), ("abs(1 - b)", "3"), ("if(a < b, 1, 2)", "1"), ("if(a == b, 1 / 0, 2)", "2"),
        ("(a >= 2.5) + (a != b) + (a > b) + (a <= 1)", "2"),
    ],
)  # fmt: skip
def test_a_formula_comes_to(formula: str, result: str) -> None:
    assert evaluate(formula, INPUTS) == D(result)


@pytest.mark.parametrize(
    "formula",
    [
        "", "1 +", "1 2", "a.real", "a ** 2", "__import__('os')", "open(1)", "[a]", "a if a else b", "c", "round(a)",
        "round(a, 99)", "sum(1)", "min()", "1 / 0", "1 < 2 < 3", "a = 1", "'a'", "1e5", "a; b", "(" * 200, "-" * 200,
        "1+" * 2000 + "1", "a" * 1001,
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_sentence(formula: str) -> None:
    with pytest.raises(BadFormula):
        evaluate(formula, INPUTS)


def test_a_long_formula_within_the_bounds_is_evaluated() -> None:
    assert evaluate("1" + "+1" * 499, {}) == 500
    assert evaluate("(" * 30 + "1" + ")" * 30, {}) == 1


def test_the_names_of_a_formula_are_known_beforehand() -> None:
    assert names_in("if(a < b, sum(items), 1)") == {"a", "b", "items"}
    with pytest.raises(BadFormula, match="reads 'b'; it may read: a, c"):
        require_names("a * b", ("c", "a"))


@pytest.mark.parametrize(
    ("formula", "words"), [("sum(unknown)", "not given"), ("sum(a)", "no list"), ("sum(b)", "no list")]
)
def test_a_sum_is_of_a_list_that_is_given(formula: str, words: str) -> None:
    with pytest.raises(BadFormula, match=words):
        evaluate(formula, INPUTS)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_give_a_number_or_a_refusal(text: str) -> None:
    try:
        found = evaluate(text, INPUTS)
    except BadFormula:
        return
    assert isinstance(found, Decimal)


@given(st.decimals(-1000, 1000, places=4), st.decimals(-1000, 1000, places=4), st.decimals(1, 1000, places=4))
def test_arithmetic_is_that_of_decimals(a: D, b: D, c: D) -> None:
    inputs = {"a": a, "b": b, "c": c}
    assert evaluate("a * b - c", inputs) == a * b - c
    assert evaluate("round((a + b) / c * c, 4)", inputs) == a + b
