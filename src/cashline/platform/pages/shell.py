"""The frame around every page as values: navigation by stage, who is there, and where a sandbox's clock stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from cashline.platform.pages.components import Crumb, Label, Option, Stage

THEME_COOKIE = "theme"

type Theme = Literal["", "light", "dark"]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place in the navigation, for those with the permission; `key` after `g` leads there."""

    label: Label
    url: str
    icon: str
    key: str = ""
    count: int | None = None
    permission: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """The places of one stage."""

    label: Label
    items: tuple[NavItem, ...]
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Brand:
    """How a legal entity looks to its customers; `colour` is `#rrggbb`."""

    name: str
    colour: str = ""
    logo_url: str = ""
    address: tuple[str, ...] = ()

    @property
    def text_on_colour(self) -> str:
        """Black or white by the WCAG 2.2 contrast ratio against the colour."""
        return "#ffffff" if _luminance(self.colour or "#3453c8") <= 0.179 else "#111111"


@dataclass(frozen=True, slots=True)
class PortalFrame:
    """The frame of the customer's side: the legal entity's brand and the customer's places."""

    brand: Brand
    nav: tuple[NavItem, ...] = ()
    home_url: str = "/portal/"


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame shows. `clock` is the moved instant of a sandbox, None when the clock is the real one."""

    groups: tuple[NavGroup, ...]
    today: date | None
    company: str = ""
    entities: tuple[Option, ...] = ()
    entity: str = ""
    user_name: str = ""
    user_email: str = ""
    user_links: tuple[NavItem, ...] = ()
    logout_url: str = ""
    clock: datetime | None = None
    clock_url: str = ""
    sandbox: bool = False
    palette_url: str = ""
    theme: Theme = ""
    path: str = ""

    def current(self) -> NavItem | None:
        """The place of this path: the item with the longest address that the path starts with."""
        fitting = [one for group in self.groups for one in group.items if _within(self.path, one.url)]
        return max(fitting, key=lambda one: len(one.url), default=None)

    def crumbs(self) -> tuple[Crumb, ...]:
        """Where a page without breadcrumbs of its own stands: its stage, and the list that it belongs to."""
        here = self.current()
        for group in self.groups:
            if here is not None and here in group.items:
                stage = (Crumb(group.label),) if group.label else ()
                return stage if here.url == self.path else (*stage, Crumb(here.label, here.url))
        return ()


def theme_of(cookies: Mapping[str, str]) -> Theme:
    """The theme a person chose; empty follows the system."""
    known: dict[str, Theme] = {"light": "light", "dark": "dark"}
    return known.get(cookies.get(THEME_COOKIE, ""), "")


def _within(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2); a colour is no money, so floats may hold it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
