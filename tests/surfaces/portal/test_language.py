"""The portal speaks one language, the customer's, and has all of its words in it."""

import ast
import re
from pathlib import Path

import pytest
from django.test import Client

from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.surfaces.portal.words import WORDS
from tests.house.source import PACKAGE
from tests.support.portal import Buyer, agree, deal, make_two_customers

PORTAL = PACKAGE / "surfaces" / "portal"
TEMPLATES = PACKAGE / "surfaces" / "web" / "templates"
SHOWN = ("portal/sign.html", "portal/shell.html", "portal/pay.html", "portal/charge.html", "portal/home.html")
CALLS = {"_", "gettext_lazy", "lazy", "ngettext"}


def said_by(path: Path) -> set[str]:
    """The texts that a module shows."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            several = 2 if node.func.id == "ngettext" else 1
            found |= {str(one.value) for one in node.args[:several] if isinstance(one, ast.Constant)}
    return found


def test_every_text_of_the_portal_is_known_in_each_of_its_languages() -> None:
    texts = set[str]().union(*(said_by(path) for path in PORTAL.glob("*.py")))
    texts |= said_by(PACKAGE / "platform" / "pages" / "fields.py") | said_by(
        PACKAGE / "platform" / "pages" / "asking.py"
    )
    for name in SHOWN:
        source = (TEMPLATES / name).read_text()
        texts |= {one for pair in re.findall(r"""_\((?:"([^"]*)"|'([^']*)')\)""", source) for one in pair if one}
    assert len(texts) > 300
    for language, words in WORDS.items():
        if language != "en":
            assert sorted(texts - words.keys()) == [], language
            assert {one for one, other in words.items() if _names(one) != _names(other)} == set(), language


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("language", sorted(WORDS.keys() - {"en"}))
def test_a_contract_is_signed_in_the_language_of_the_customer(language: str) -> None:
    shop, _, _ = make_two_customers()
    _, _, token = agree(shop, shop.customer, "bea@nordlicht.example", "Hall 4")
    sql.execute("UPDATE customers SET locale = %s WHERE id = %s", (language, shop.customer))
    words = WORDS[language]
    page = Client().get(f"/sign/{token}/", headers={"Accept-Language": "en"}).content.decode()
    assert f'<html lang="{language}"' in page
    for english in ("Type your name to sign", "Sign the contract", "Value, without tax", "Net total", "Files", "Sign"):
        assert words[english] in page
        assert f">{english}<" not in page
    refused = Client().post(f"/sign/{token}/", {"typed_name": "Mickey", "consent": "1"}).content.decode()
    assert words["This is to be signed by %(name)s: type that name to sign."] % {"name": "Bea Buyer"} in refused


@pytest.mark.usefixtures("db")
def test_pages_after_the_log_in_speak_german_too_whatever_the_browser_asks_for() -> None:
    shop, _, _ = make_two_customers()
    bea = Buyer(shop.customer, "bea@nordlicht.example")
    sql.execute("UPDATE customers SET locale = 'de_DE' WHERE id = %s", (shop.customer,))
    page = bea.get("/portal/")
    assert "Guten Tag Bea Buyer" in page.words
    assert "Was auf Sie wartet" in page.words
    assert "Hello" not in page.words


@pytest.mark.usefixtures("db")
def test_why_an_amount_is_so_is_told_in_german() -> None:
    shop, _, _ = make_two_customers()
    here = deal(shop, shop.customer, "bea@nordlicht.example")
    bea = Buyer(shop.customer, "bea2@nordlicht.example")
    sql.execute("UPDATE customers SET locale = 'de_DE' WHERE id = %s", (shop.customer,))
    why = bea.get(f"/portal/invoices/{public('invoice', here.invoice)}/why/gross/")
    assert "ohne Steuer, und" in why.words
    assert "Die Formel zum Nachrechnen" in why.words
    assert "without tax" not in why.words
