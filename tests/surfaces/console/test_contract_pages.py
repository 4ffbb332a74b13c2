"""The console's pages of contracts: sent for signature, recalled, signed, and their seal judged."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.agree.contracts import actions
from cashline.flow.agree.contracts.queries import agreement, agreements_of_quotes
from cashline.flow.agree.contracts.queries.signatures import signatures_of, signing_token
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Visit
from cashline.kernel.identifiers import public
from tests.flow.agree.test_quotes import Desk
from tests.support.console import Console
from tests.support.world import NOW

pytestmark = pytest.mark.usefixtures("db")
SIGNERS = {"name": "Bea Buyer", "email": "bea@nordlicht.example", "title": "CFO"}
GIVEN = SignatureGiven("Bea Buyer", "I sign.", Visit("203.0.113.7"))


@pytest.fixture
def key(db: object) -> UUID:
    """An agreement that waits to be sent for signature."""
    desk = Desk()
    quote = desk.sent(terms="Spare parts for ten years.")
    desk.accept(quote)
    return agreements_of_quotes([quote])[quote].id


@pytest.fixture
def url(key: UUID) -> str:
    return f"/contracts/{public('agreement', key)}/"


def test_a_contract_is_sent_signed_and_its_seal_checked(key: UUID, url: str) -> None:
    legal = Console("legal")
    page = legal.get(url)
    assert page.all("//input[@name='email']/@value") == ["bea@nordlicht.example"]
    for words in ("Vibration sensor", "Spare parts for ten years.", "€16,874.40", "QUO-DE01-2026-000001"):
        assert words in page.words
    page = legal.post(url + "send/", SIGNERS | {"name_2": "Carl", "email_2": "carl@nordlicht.example"})
    assert "on its way to be signed" in page.words
    assert "Carl" in page.words
    for one in signatures_of([key]):
        given = replace(GIVEN, typed_name=f"Prof. {one.signer_name}")
        actions.sign_agreement(signing_token(one.id), given=given, now=NOW)
    page = legal.get(url, check="seal")
    assert "no byte has changed" in page.words
    assert "Prof. Bea Buyer" in page.words
    assert "203.0.113.7" in page.words
    assert (
        "ORD-DE01-2026-000001"
        in Console("seller").get(f"/quotes/{public('quote', agreement(key).quote_id or key)}/").words
    )
    files = page.all("//a[contains(@href, '/files/')]/@href")
    assert len(files) == 2
    for address in files:
        assert legal.file(address)[2] == "application/pdf"


def test_it_is_recalled_and_cancelled(url: str) -> None:
    legal = Console("legal")
    legal.post(url + "send/", SIGNERS)
    assert "is a draft again" in legal.post(url + "recall/", {"reason": "wrong signer"}).words
    assert "is cancelled" in legal.post(url + "cancel/", {"reason": "lost"}).words
    assert "Cannot" in legal.post(url + "send/", SIGNERS).words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "A signer has a name"),
        ({"name": "B", "email": "nowhere"}, "is no e-mail address"),
        (SIGNERS | {"name_2": "Bea", "email_2": "bea@nordlicht.example"}, "stands twice"),
    ],
)
def test_wrong_signers_are_told(url: str, data: dict[str, Any], words: str) -> None:
    assert words in Console("legal").post(url + "send/", data).words


def test_lists_and_rights(url: str) -> None:
    reader = Console("auditor")
    assert "AGR-DE01-2026-000001" in reader.get("/contracts/").words
    assert "AGR-DE01-2026-000001" not in reader.get("/contracts/", origin="order").words
    assert "Send for signature" not in reader.get(url).words
    assert reader.post(url + "send/", SIGNERS).status == 403
    assert reader.get(url + "files/fil_00000000000000000000000000/").status == 404
    assert reader.file("/contracts/", format="csv")[1].count(b"AGR-DE01") == 1
