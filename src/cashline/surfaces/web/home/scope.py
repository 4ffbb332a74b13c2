"""Whose figures an overview shows: the legal entities that are seen, and the one currency that sums are told in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from cashline.kernel.money import Money, minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import Entity, MissingRate, entities, exchange_rates
from cashline.platform.doors.caller import Caller
from cashline.platform.pages.components import View


@dataclass(frozen=True, slots=True)
class Scope:
    """The entities that a person may see, those that are shown, and the currency of their sums."""

    today: date
    seen: tuple[Entity, ...]
    shown: tuple[Entity, ...]
    whole: bool
    currency: str
    timezone: str = "UTC"

    @property
    def entity_ids(self) -> list[UUID] | None:
        """What queries are narrowed to; None where it is the whole company."""
        return None if self.whole else [one.id for one in self.shown]

    @property
    def entity_key(self) -> tuple[UUID, ...] | None:
        """The same as what is asked of a figure."""
        return None if self.whole else tuple(one.id for one in self.shown)

    def entity(self, key: UUID) -> Entity:
        """One of the entities shown."""
        return next(one for one in self.shown if one.id == key)

    def views(self, path: str) -> tuple[View, ...]:
        """All entities together, and each alone; nothing where there is but one."""
        if len(self.seen) < 2:
            return ()
        alone = self.shown[0].code if len(self.shown) == 1 else ""
        each = (View(f"{one.code} {one.name}", f"{path}?entity={one.code}", one.code == alone) for one in self.seen)
        return (View(_("All entities"), path, not alone), *each)


def scope_of(caller: Caller, permission: str, code: str = "") -> Scope:
    """The scope of a permission, or of the one entity with that code; an unknown code is as good as none.

    The day is that of the first entity shown, and so is the currency.
    """
    allowed = caller.entities(permission)
    every = entities()
    seen = tuple(one for one in every if allowed is None or one.id in allowed)
    shown = tuple(one for one in seen if one.code == code) or seen
    first = shown[0] if shown else None
    today = caller.today(first.timezone) if first else caller.today()
    whole = len(shown) == len(every)
    return Scope(today, seen, shown, whole, first.currency if first else "EUR", first.timezone if first else "UTC")


@dataclass(frozen=True, slots=True)
class Converter:
    """Turns amounts into one currency at the rates of a day; what has no rate is left out and named in `missing`."""

    currency: str
    rates: Mapping[str, Decimal]
    missing: tuple[str, ...]

    def amount(self, amount: Decimal, currency: str) -> Decimal:
        """In the one currency, rounded to its minor unit."""
        return round_to(amount * self.rates.get(currency, Decimal(0)), minor_units(self.currency))

    def money(self, amounts: Iterable[tuple[str, Decimal]]) -> Money:
        """The sum of amounts by currency."""
        return Money(sum((self.amount(amount, code) for code, amount in amounts), Decimal(0)), self.currency)


def converter(currencies: Iterable[str], scope: Scope) -> Converter:
    """A converter from those currencies into the scope's, at the last rates up to its day."""
    rates: dict[str, Decimal] = {}
    missing: list[str] = []
    for code in sorted({*currencies}):
        try:
            rates[code] = exchange_rates([(code, scope.currency, scope.today)])[code, scope.currency, scope.today]
        except MissingRate:
            missing.append(code)
    return Converter(scope.currency, rates, tuple(missing))
