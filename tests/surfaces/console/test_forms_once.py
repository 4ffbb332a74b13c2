"""A form of the console acts once, however often and however fast it is sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory

from cashline.platform import sql
from cashline.platform.clock.queries import ClockReading
from cashline.platform.doors.caller import Caller
from cashline.platform.doors.once import FormSentBefore, answer_once
from cashline.platform.permissions.rules import SYSTEM
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.world import NOW

FORM = {
    "name": "Nordlicht Werke GmbH",
    "country": "DE",
    "currency": "EUR",
    "payment_terms_days": "14",
    "locale": "de_DE",
    "timezone": "Europe/Berlin",
    "idempotency_key": "0193-one",
}


def count() -> int:
    row = sql.fetch_one("SELECT count(*) FROM customers")
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("db")
def test_a_form_sent_twice_leads_to_the_first_outcome_and_says_it_again() -> None:
    person = Console("order_desk")
    first = person.post("/customers/new/", FORM)
    again = person.post("/customers/new/", FORM)
    assert (first.url, first.status) == (again.url, again.status)
    assert "created" in first.words
    assert "created" in again.words
    assert count() == 1
    part = person.client.post("/customers/new/", FORM, headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, first.url)
    changed = person.post("/customers/new/", FORM | {"name": "Another GmbH"})
    assert changed.status == 409
    assert "This form was sent before, with other values." in changed.words
    person.post("/customers/new/", FORM | {"idempotency_key": "0193-two"})
    assert count() == 2


@pytest.mark.usefixtures("db")
def test_a_refused_form_may_be_mended_and_sent_with_its_key() -> None:
    person = Console("order_desk")
    assert person.post("/customers/new/", FORM | {"timezone": "Mars"}).status == 422
    assert person.post("/customers/new/", FORM).status == 200
    assert count() == 1


@pytest.mark.usefixtures("db")
def test_the_same_key_of_another_person_is_another_form() -> None:
    for email in ("one@example.com", "two@example.com"):
        Console("order_desk", email=email).post("/customers/new/", FORM)
    assert count() == 2


def test_racing_forms_with_one_key_act_once(committed_db: Database) -> None:
    person = Console("order_desk")
    cookies = person.client.cookies

    def send(_: int) -> tuple[int, str]:
        client = Client()
        client.cookies = cookies
        try:
            answer = client.post("/customers/new/", FORM)
            return answer.status_code, answer["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = set(pool.map(send, range(16)))
    assert len(answers) == 1
    assert count() == 1


def sent(path: str = "/customers/new/", **data: Any) -> HttpRequest:
    request = RequestFactory().post(path, {"idempotency_key": "k"} | data)
    request.caller = Caller(SYSTEM, ClockReading(NOW, sandbox=True, moved=True))  # type: ignore[attr-defined]
    return request


@pytest.mark.usefixtures("db")
def test_an_answer_that_leads_nowhere_frees_the_key() -> None:
    preview = answer_once(sent(name="a"), lambda: HttpResponse("as it would be"))
    assert preview.content == b"as it would be"
    assert answer_once(sent(name="b"), lambda: HttpResponseRedirect("/there/")).status_code == 302


@pytest.mark.usefixtures("db")
def test_an_answer_of_400_undoes_what_was_done() -> None:
    def fails() -> HttpResponse:
        sql.execute("INSERT INTO idempotency_keys (id, actor, key, fingerprint, created_at) "
                    "VALUES (uuidv7(), 'x', 'x', 'x', now())")  # fmt: skip
        return HttpResponse(status=500)

    assert answer_once(sent(), fails).status_code == 500
    assert sql.fetch_one("SELECT count(*) FROM idempotency_keys") == (0,)


@pytest.mark.usefixtures("db")
def test_another_file_is_another_form_and_the_view_reads_it_whole() -> None:
    def lead(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(f"/{request.FILES['file'].read().decode()}/")  # type: ignore[union-attr]

    first = sent(file=SimpleUploadedFile("bank.xml", b"one"))
    assert answer_once(first, lambda: lead(first))["Location"] == "/one/"
    same = sent(file=SimpleUploadedFile("bank.xml", b"one"))
    assert answer_once(same, lambda: pytest.fail("was done again"))["Location"] == "/one/"
    other = sent(file=SimpleUploadedFile("bank.xml", b"two"))
    with pytest.raises(FormSentBefore):
        answer_once(other, lambda: lead(other))


@pytest.mark.usefixtures("db")
def test_a_view_that_calls_outside_is_answered_outside_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    from cashline.platform.doors import once

    @transaction.non_atomic_requests
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect("/paid/")

    class Match:
        func = staticmethod(view)

    monkeypatch.setattr(once, "resolve", lambda _path: Match)
    assert answer_once(sent(), lambda: view(sent()))["Location"] == "/paid/"
    assert sql.fetch_one("SELECT count(*) FROM idempotency_keys") == (0,)
