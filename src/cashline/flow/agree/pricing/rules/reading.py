"""Reading a charge from its JSON form: everything that is wrong with it comes at once, each with its field."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

from cashline.flow.agree.pricing.rules.charges import (
    PARAMETERS,
    ZERO,
    Charge,
    ChargeModel,
    Conversion,
    MatrixRow,
    Rounding,
    Tier,
)
from cashline.kernel.formulas import evaluate, require_names
from cashline.kernel.money import to_decimal
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all

MAX_TIERS = 100
MAX_ROWS = 200
MAX_PARAMETERS = 50
MAX_NAME = 100
RESERVED = frozenset({"quantity", "metered", "digits", "discount_percent", "minimum", "maximum"})
_DECIMALS = (
    "price", "package_size", "minimum", "maximum", "free_units", "discount_percent", "fixed_fee", "free_amount",
    "payment_minimum", "payment_maximum", "included_units", "default_price",
)  # fmt: skip


def read_charge(shape: Mapping[str, Any]) -> Charge:
    """The charge; raises one refusal for each error."""
    try:
        model = ChargeModel(shape.get("model", ""))
    except ValueError:
        known = ", ".join(ChargeModel)
        raise InvalidValue(f"There is no charge model {shape.get('model')!r}; known: {known}.", field="model") from None
    reading = _Reading(shape, model)
    charge = reading.charge()
    raise_all(reading.errors or charge_errors(charge))
    return charge


def charge_errors(charge: Charge) -> list[Refusal]:
    """Everything that is wrong with a charge, wherever it came from."""
    found = [*_range_errors(charge), *_tier_errors(charge)]
    if charge.model is ChargeModel.MATRIX:
        found.extend(_matrix_errors(charge))
    if charge.model is ChargeModel.FORMULA:
        found.extend(_formula_errors(charge))
    return found


class _Reading:
    """One charge being read."""

    def __init__(self, shape: Mapping[str, Any], model: ChargeModel) -> None:
        self.shape = shape
        self.model = model
        self.errors: list[Refusal] = [
            InvalidValue(f"A {model} charge has no {name}.", field=str(name))
            for name in sorted(map(str, shape.keys() - PARAMETERS[model] - {"model"}))
        ]

    def wrong(self, field: str, sentence: str) -> None:
        self.errors.append(InvalidValue(sentence, field=field))

    def charge(self) -> Charge:
        given: dict[str, Any] = {}
        for name in _DECIMALS:
            if self.shape.get(name) is not None:
                given[name] = self.decimal(self.shape[name], name)
        for name in ("high_water_mark", "fee_at_zero"):
            given[name] = self.flag(name)
        if self.shape.get("free_events") is not None:
            given["free_events"] = self.count("free_events")
        return Charge(
            self.model,
            tiers=tuple(self.tier(one, index) for index, one in enumerate(self.items("tiers"))),
            conversion=self.conversion(self.shape.get("conversion")),
            rows=tuple(self.row(one, index) for index, one in enumerate(self.items("rows"))),
            formula=self.text("formula"),
            parameters=self.parameters(self.shape.get("parameters")),
            **given,
        )

    def decimal(self, given: Any, field: str) -> Decimal:
        try:
            return to_decimal(given, field=field)
        except InvalidValue as error:
            self.errors.append(error)
            return ZERO

    def flag(self, name: str) -> bool:
        given = self.shape.get(name, False)
        if not isinstance(given, bool):
            self.wrong(name, f"{name} is true or false.")
        return given is True

    def count(self, name: str) -> int:
        given = self.shape[name]
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            self.wrong(name, f"{name} is a whole number of at least 1.")
            return 1
        return given

    def text(self, name: str) -> str:
        given = self.shape.get(name, "")
        if not isinstance(given, str):
            self.wrong(name, f"{name} is a text.")
            return ""
        return given

    def items(self, name: str) -> list[Any]:
        given = self.shape.get(name) or []
        if not isinstance(given, list | tuple):
            self.wrong(name, f"{name} is a list.")
            return []
        return list(given)

    def tier(self, given: Any, index: int) -> Tier:
        rate = "percent" if self.model is ChargeModel.GRADUATED_PERCENTAGE else "unit_price"
        if not isinstance(given, Mapping) or given.keys() - {"up_to", rate, "flat_fee"} or given.get(rate) is None:
            self.wrong(f"tiers.{index}", f"A tier has up_to, {rate} and, if any, flat_fee.")
            return Tier(None, ZERO)
        up_to = given.get("up_to")
        return Tier(
            None if up_to is None else self.decimal(up_to, f"tiers.{index}.up_to"),
            self.decimal(given[rate], f"tiers.{index}.{rate}"),
            self.decimal(given.get("flat_fee") or 0, f"tiers.{index}.flat_fee"),
        )

    def conversion(self, given: Any) -> Conversion | None:
        if given is None:
            return None
        factors = ("divide_by", "multiply_by")
        chosen = [name for name in factors if isinstance(given, Mapping) and given.get(name) is not None]
        if len(chosen) != 1 or given.keys() - {*factors, "round"}:
            self.wrong("conversion", "A conversion has either divide_by or multiply_by, and round.")
            return None
        if given.get("round", "none") not in tuple(Rounding):
            self.wrong("conversion.round", f"A conversion is rounded {', '.join(Rounding)}.")
            return None
        name = chosen[0]
        factor = {name: self.decimal(given[name], f"conversion.{name}")}
        return Conversion(round=Rounding(given.get("round", "none")), **factor)

    def row(self, given: Any, index: int) -> MatrixRow:
        when = given.get("when") if isinstance(given, Mapping) else None
        if not isinstance(when, Mapping) or given.keys() - {"when", "unit_price"} or given.get("unit_price") is None:
            self.wrong(f"rows.{index}", "A row has when (attributes with their values) and unit_price.")
            return MatrixRow((), ZERO)
        if any(not isinstance(text, str) or not 1 <= len(text) <= MAX_NAME for pair in when.items() for text in pair):
            self.wrong(f"rows.{index}.when", f"Attributes and their values are texts of 1 to {MAX_NAME} characters.")
            return MatrixRow((), ZERO)
        return MatrixRow(tuple(sorted(when.items())), self.decimal(given["unit_price"], f"rows.{index}.unit_price"))

    def parameters(self, given: Any) -> tuple[tuple[str, Decimal], ...]:
        if given is None:
            return ()
        if not isinstance(given, Mapping) or len(given) > MAX_PARAMETERS:
            self.wrong("parameters", f"parameters are at most {MAX_PARAMETERS} names with decimals.")
            return ()
        for name in given:
            if not str(name).isidentifier() or name in RESERVED:
                self.wrong(f"parameters.{name}", f"{name!r} cannot be the name of a parameter.")
        return tuple(sorted((str(name), self.decimal(one, f"parameters.{name}")) for name, one in given.items()))


def _range_errors(charge: Charge) -> list[Refusal]:
    found: list[Refusal] = []

    def refuse(wrong: bool, field: str, sentence: str) -> None:
        if wrong:
            found.append(InvalidValue(sentence, field=field))

    for name in _DECIMALS:
        value = getattr(charge, name)
        refuse(value is not None and value < 0, name, "A price is not negative." if name == "price" else
               f"{name} is not negative.")  # fmt: skip
    refuse(charge.package_size == 0, "package_size", "A package holds more than nothing.")
    refuse(charge.discount_percent > 100, "discount_percent", "A discount is 100 per cent at most.")
    for low, high in (("minimum", "maximum"), ("payment_minimum", "payment_maximum")):
        least, most = getattr(charge, low), getattr(charge, high)
        refuse(least is not None and most is not None and least > most, low, "The minimum is above the maximum.")
    if charge.conversion is not None:
        factor = charge.conversion.divide_by or charge.conversion.multiply_by
        refuse(factor is None or factor <= 0, "conversion", "A conversion's factor is above nothing.")
    return found


def _tier_errors(charge: Charge) -> list[Refusal]:
    if "tiers" not in PARAMETERS[charge.model]:
        return []
    found: list[Refusal] = []
    if not 1 <= len(charge.tiers) <= MAX_TIERS:
        return [InvalidValue(f"A {charge.model} charge has 1 to {MAX_TIERS} tiers.", field="tiers")]
    if any(tier.unit_price < 0 or tier.flat_fee < 0 for tier in charge.tiers):
        found.append(InvalidValue("A price is not negative.", field="price"))
    bounds = [tier.up_to for tier in charge.tiers]
    if bounds[-1] is not None:
        found.append(
            InvalidValue("The last tier is without end: give it no up_to.", field=f"tiers.{len(bounds) - 1}.up_to")
        )
    before = ZERO
    for index, bound in enumerate(bounds[:-1]):
        if bound is None or bound <= before:
            found.append(InvalidValue("Each tier ends above the one before.", field=f"tiers.{index}.up_to"))
        before = bound or before
    return found


def _matrix_errors(charge: Charge) -> list[Refusal]:
    """The rows must leave no doubt which one is the most specific: where two may fit at once, so must both together."""
    if not 1 <= len(charge.rows) <= MAX_ROWS:
        return [InvalidValue(f"A matrix charge has 1 to {MAX_ROWS} rows.", field="rows")]
    found: list[Refusal] = []
    given = [dict(row.when) for row in charge.rows]
    known = {row.when for row in charge.rows}
    for index, row in enumerate(charge.rows):
        if not row.when:
            found.append(InvalidValue("A row names at least one attribute.", field=f"rows.{index}.when"))
        if row.unit_price < 0:
            found.append(InvalidValue("A price is not negative.", field=f"rows.{index}.unit_price"))
    for (first, one), (second, other) in combinations(enumerate(given), 2):
        if any(one[name] != other[name] for name in one.keys() & other.keys()):
            continue
        both = one | other
        if one == other or (both not in (one, other) and tuple(sorted(both.items())) not in known):
            sentence = f"Rows {first + 1} and {second + 1} may fit the same event, and neither is more specific."
            found.append(
                InvalidValue(sentence, field=f"rows.{second}.when", fix="Add a row with the attributes of both.")
            )
    return found


def _formula_errors(charge: Charge) -> list[Refusal]:
    given = dict(charge.parameters)
    try:
        require_names(charge.formula, {"quantity", *given})
        evaluate(charge.formula, {"quantity": Decimal(1), **given})
    except InvalidValue as error:
        return [error]
    return []
