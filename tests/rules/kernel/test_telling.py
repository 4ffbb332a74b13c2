"""Amounts told in plain sentences."""

import re
from decimal import Decimal

import pytest

from cashline.kernel.derivations import Derivation
from cashline.kernel.telling import SENTENCES, tell
from tests.house.source import FLOW

D = Decimal
NET = Derivation(
    "price.net", 1, {"tier_price": D("89.0000000000"), "line_discount": D(10), "document_discount": D(0)}, "", D("80.1")
)


@pytest.mark.parametrize(
    ("made", "locale", "told"),
    [
        (NET, "en", "The list price of €89.00, less 10% on this line: €80.10 each."),
        (NET, "de_DE", "Der Listenpreis von 89,00\xa0€, abzüglich 10\xa0% auf diese Position: je 80,10\xa0€."),
        (NET, "xx", "The list price of €89.00, less 10% on this line: €80.10 each."),
        (
            Derivation(
                "line.total", 1, {"quantity": D(3), "unit_price": D("1249"), "intervals": 12, "digits": 2}, "", D(44964)
            ),
            "en",
            "3 × €1,249.00, 12 times over the term: €44,964.00.",
        ),
        (
            Derivation("line.total", 1, {"quantity": D(3), "unit_price": D(2), "intervals": 1, "digits": 2}, "", D(6)),
            "en",
            "3 × €2.00: €6.00.",
        ),
        (Derivation("strange.rule", 1, {"a_b": D(1), "c": D(2)}, "", D(3)), "en", "Computed from a b, c: €3.00."),
        (Derivation("billing.unit", 1, {"quantity": D(1)}, "", D(3)), "en", "Computed from quantity: €3.00."),
        (Derivation("any.rule", 1, {}, "", D(3), "Said already."), "en", "Said already."),
    ],
)
def test_an_amount_is_told_in_a_sentence(made: Derivation, locale: str, told: str) -> None:
    assert tell(made, "EUR", locale) == told


def test_each_language_tells_the_same_rules() -> None:
    assert SENTENCES["de"].keys() == SENTENCES["en"].keys() == SENTENCES["fr"].keys()
    names = {rule: set(re.findall(r"\{(\w+)", text)) for rule, text in SENTENCES["en"].items()}
    for language in ("de", "fr"):
        assert {rule: set(re.findall(r"\{(\w+)", text)) for rule, text in SENTENCES[language].items()} == names


def test_no_rule_of_the_flow_is_without_a_sentence() -> None:
    """A buyer never reads the name of a rule where an amount is explained."""
    made = re.compile(r'Derivation\(\s*"([a-z_]+\.[a-z_]+)"|"rule": ?"([a-z_]+\.[a-z_]+)"|rule":"([a-z_]+\.[a-z_]+)"')
    found = {
        name
        for path in FLOW.rglob("*.py")
        if "migrations" not in path.parts
        for groups in made.findall(path.read_text())
        for name in groups
        if name
    }
    assert len(found) > 40
    assert found - SENTENCES["en"].keys() == set()
