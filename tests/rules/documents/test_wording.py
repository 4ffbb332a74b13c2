"""Words, numbers and days as a customer writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cashline.kernel.periods import Period
from cashline.platform.documents.payment_code import has_payment_code, link_code_svg, payment_code_text
from cashline.platform.documents.wording import wording_for
from cashline.platform.documents.words import UNITS, WORDS

D = Decimal


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "shown"),
    [
        ("en_GB", "1472.63", "EUR", "€1,472.63"),
        ("de", "1472.63", "EUR", "1.472,63\u00a0€"),
        ("fr", "1472.63", "EUR", "1\u202f472,63\u00a0€"),
        ("de-CH", "1472.63", "CHF", "CHF\u00a01’472.63"),
        ("ja", "1472", "JPY", "￥1,472"),
        ("en_US", "-5.5", "USD", "−$5.50"),
        ("en", "12.345", "KWD", "KWD\u00a012.345"),
        ("xx-unknown", "1", "EUR", "€1.00"),
    ],
)
def test_money(locale: str, amount: str, currency: str, shown: str) -> None:
    assert wording_for(locale).money(D(amount), currency) == shown


@pytest.mark.parametrize(
    ("currency", "amount", "price"),
    [("EUR", "1,234.50", "0.00045"), ("JPY", "1,234", "0.00045"), ("KWD", "1,234.500", "0.00045")],
)
def test_amounts_have_the_decimals_of_their_currency_and_prices_more(currency: str, amount: str, price: str) -> None:
    wording = wording_for("en")
    assert wording.amount(D("1234.5") if currency != "JPY" else D(1234), currency) == amount
    assert wording.price(D("0.00045"), currency) == price
    assert wording.price(D("389"), "EUR") == "389.00"


def test_rates_quantities_days_and_periods() -> None:
    german = wording_for("de_AT")
    assert (german.percent(D("19")), german.percent(D("8.5"))) == ("19\u00a0%", "8,5\u00a0%")
    assert wording_for("en").percent(D("10.75")) == "10.75%"
    assert german.number(D("482113.25")) == "482.113,25"
    assert german.long_date(date(2026, 3, 31)) == "31. März 2026"
    assert german.long_date(None) == ""
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    assert wording_for("en_GB").period(march) == "1 Mar 2026 – 31 Mar 2026"
    at = datetime(2026, 3, 31, 8, 5, 9, tzinfo=UTC)
    assert wording_for("en_GB").instant(at, "Europe/Berlin").startswith("31 March 2026")
    assert "10:05:09" in wording_for("en_GB").instant(at, "Europe/Berlin")


def test_every_language_has_every_word_of_english_or_shares_it() -> None:
    shared = {
        "de": {"bic", "iban", "name"},
        "fr": {"bic", "iban", "date", "description", "document"},
    }
    for language, words in WORDS.items():
        assert set(words) <= set(WORDS["en"])
        missing = set(WORDS["en"]) - set(words)
        assert language == "en" or missing <= shared[language], (language, missing)
        assert set(UNITS[language]) <= set(UNITS["en"])


def test_a_language_without_words_speaks_english_with_its_own_numbers() -> None:
    polish = wording_for("pl")
    assert (polish.language, polish.word("invoice")) == ("en", "Invoice")
    assert polish.amount(D("1234567.5"), "PLN") == "1\u00a0234\u00a0567,50"
    assert polish.unit("HUR") == "h"
    assert polish.unit("ZZ") == "ZZ"


def test_the_payment_code_says_what_the_guideline_asks() -> None:
    text = payment_code_text("DE02 1203 0000 0000 2020 51", "BYLADEM1001", "Nordlicht", D("1472.6"), "INV-1")
    assert text.split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "BYLADEM1001",
        "Nordlicht",
        "DE02120300000000202051",
        "EUR1472.60",
        "",
        "",
        "INV-1",
    ]
    assert len(payment_code_text("DE", "", "n" * 100, D(1), "r" * 200).encode()) < 331
    assert [has_payment_code(D(amount), "EUR") for amount in ("0", "0.01", "999999999.99", "1000000000")] == [
        False,
        True,
        True,
        False,
    ]
    assert not has_payment_code(D(5), "CHF")


def test_a_code_is_one_path_and_the_same_every_time() -> None:
    image = link_code_svg("https://portal.example/q/1")
    assert image == link_code_svg("https://portal.example/q/1")
    assert image.startswith(b"<svg")
    assert image.count(b"<path") == 1
