"""Ids, lifecycles, refusals and derivations."""

import uuid
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import PREFIXES, key_of, new_id, parse_id, public, public_id
from cashline.kernel.lifecycle import IllegalTransition, Lifecycle
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal, Refusals, raise_all


def test_ids_are_version_seven_and_rise() -> None:
    keys = [new_id() for _ in range(10_000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert {key.version for key in keys} == {7}
    assert {key.variant for key in keys} == {uuid.RFC_4122}


@given(st.uuids(), st.sampled_from(sorted(PREFIXES)))
def test_a_public_id_reads_back(key: uuid.UUID, kind: str) -> None:
    assert key_of(kind, public(kind, key)) == key
    assert key_of(kind, public(kind, key).upper().replace(PREFIXES[kind].upper(), PREFIXES[kind])) == key


def test_prefixes_are_unique() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


@given(st.text(max_size=40))
def test_what_is_no_id_of_ours_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id("inv", text)


def test_an_id_of_another_kind_is_not_found() -> None:
    with pytest.raises(NotFound):
        parse_id("inv", public_id("quo", new_id()))
    with pytest.raises(NotFound):
        parse_id("inv", "inv_zzzzzzzzzzzzzzzzzzzzzzzzzz")


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    DARK = "dark"


LIGHT = Lifecycle("light", ("switch", [Light.RED], Light.GREEN), ("break", [Light.RED, Light.GREEN], Light.DARK))


def test_a_lifecycle_allows_what_its_table_says() -> None:
    assert LIGHT.target("switch", "red") is Light.GREEN
    assert LIGHT.verbs(Light.RED) == ["switch", "break"]
    assert LIGHT.verbs("dark") == []
    assert not LIGHT.allows("switch", "dark")
    with pytest.raises(IllegalTransition) as refused:
        LIGHT.target("switch", "dark")
    assert refused.value.as_dict()["code"] == "illegal_transition"
    assert "dark" in refused.value.message


def test_refusals_come_one_or_all() -> None:
    raise_all([])
    with pytest.raises(Conflict):
        raise_all([Conflict("once")])
    with pytest.raises(Refusals) as several:
        raise_all([Conflict("once", field="a"), InvalidValue("twice", field="b", fix="Give a number.", line=3)])
    shapes = [refusal.as_dict() for refusal in several.value]
    assert [shape["field"] for shape in shapes] == ["a", "b"]
    assert shapes[1]["fix"] == "Give a number."
    assert shapes[1]["data"] == {"line": "3"}
    assert issubclass(Refusals, Refusal)


@given(
    st.decimals(min_value=0, max_value=10**6, places=6),
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.decimals(min_value=0, max_value=100, places=2),
)
def test_a_derivation_recomputes_and_tells_a_lie(quantity: Decimal, price: Decimal, discount: Decimal) -> None:
    formula = "round(quantity * price * (100 - discount) / 100, 2)"
    inputs = {"quantity": quantity, "price": price, "discount": discount}
    draft = Derivation("line_net", 1, inputs, formula, Decimal(0))
    true = replace(draft, result=draft.recompute())
    stored = Derivation.from_json(true.as_json())
    assert stored.recompute() == true.result
    assert stored.breaks() == []
    lie = replace(true, result=true.result + Decimal("0.01"))
    total = Derivation("total", 1, {"lines": [true.result]}, "sum(lines)", true.result, parts=(lie,))
    assert total.breaks() == ["line_net/1"]


@pytest.mark.parametrize("formula", ["__import__('os')", "quantity.real", "quantity ** 2", "[quantity]", "open(1)"])
def test_a_formula_is_arithmetic_and_nothing_else(formula: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Derivation("bad", 1, {"quantity": Decimal(2)}, formula, Decimal(0)).recompute()
