"""The look's own laws: colours read in both themes, icons exist, templates compile, and no script hides in a page."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from cashline.platform.pages.jinja import environment
from tests.house.source import PACKAGE, strings

WEB = PACKAGE / "surfaces" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
ACCOUNTS = sorted((WEB / "accounts").rglob("*.html"))
SCRIPTS = sorted((WEB / "static").glob("*.js"))
STYLES = sorted((WEB / "static" / "css").glob("*.css"))
TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")


def tokens() -> dict[str, tuple[str, str]]:
    text = (WEB / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    root = text[text.index(":root {") : text.index("@media (prefers-contrast")]
    return {name: (light, dark) for name, light, dark in TOKEN.findall(root)} | {"on-accent": ("#ffffff", "#ffffff")}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


GROUNDS = ("bg", "bg-side", "bg-card", "bg-sunken", "bg-hover", "bg-float")
TEXT_ON_GROUND = [(text, ground) for text in ("text", "text-2", "text-3", "accent-text") for ground in GROUNDS]
ON_OWN_GROUND = [
    *((tone, f"{tone}-soft") for tone in ("neutral", "info", "violet", "success", "warning", "danger")),
    ("on-accent", "accent"),
    ("on-accent", "danger-fill"),
    ("accent-text", "accent-soft"),
    ("text", "bg-active"),
    ("text-2", "bg-active"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND + ON_OWN_GROUND, ids=lambda name: str(name))
def test_text_reads_on_its_ground(text: str, ground: str, theme: int) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    assert contrast(tokens()[text][theme], tokens()[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["line-control", "focus"])
def test_controls_and_focus_are_seen(edge: str, theme: int) -> None:
    """WCAG 2.2, 1.4.11: at least 3 to 1 beside any ground that a form stands on."""
    for ground in ("bg", "bg-card", "bg-float"):
        assert contrast(tokens()[edge][theme], tokens()[ground][theme]) >= 3


def test_a_colour_stands_in_the_tokens_alone() -> None:
    """Other styles name a token; black and white on a fixed ground are the exceptions."""
    found = {
        path.name: sorted(set(re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))))
        for path in STYLES
        if path.name not in ("tokens.css", "portal.css")
    }
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_every_used_token_exists() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    defined = set(re.findall(r"--([a-z0-9-]+):", text)) | {"brand", "on-brand"}
    assert set(re.findall(r"var\(--([a-z0-9-]+)", text)) - defined == set()


def test_every_named_icon_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "static/vendor/icons.svg").read_text(encoding="utf-8")))
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r'icon\("([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
        used |= set(
            re.findall(r'"([a-z]+-[a-z-]+)"(?=[,}\)])', " ".join(re.findall(r"icon\(\{.*?\}", path.read_text())))
        )
    for path in sorted((WEB).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'icon="([a-z0-9-]+)"', text))
    for text, _line in strings(WEB / "shell.py"):
        if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", text) and not text.startswith("g-"):
            used.add(text)
    assert used - sprite == set()


def test_every_template_compiles() -> None:
    made = environment(loader=FileSystemLoader(WEB / "templates"))
    for path in TEMPLATES:
        made.get_template(path.relative_to(WEB / "templates").as_posix())


@pytest.mark.parametrize("path", TEMPLATES + ACCOUNTS, ids=lambda path: path.name)
def test_no_script_hides_in_a_page(path: Path) -> None:
    """The content security policy allows our own script files and nothing else."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\son[a-z]+=|javascript:|hx-on|hx-vals=['\"]js:", text)
    for opening, _rest in pairwise([*re.findall(r"<script[^>]*>", text), ""]):
        assert "src=" in opening or 'type="application/json"' in opening


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_small_and_make_no_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not re.search(r"\beval\(|new Function|setTimeout\(['\"]|document\.write", text)
