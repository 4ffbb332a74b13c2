"""What rules refuse is told to customers in their own language: every door of the portal is opened wrongly."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, cycle

from django.urls import reverse

from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.surfaces.portal.words import REFUSALS
from tests.house.source import PACKAGE
from tests.support.cluster import Database
from tests.support.console import Seen
from tests.support.portal import Buyer, Dealings, deal, make_two_customers
from tests.surfaces.portal.test_pages import LISTS, POSTED, arguments

EMAIL = "bea@nordlicht.example"
LANGUAGE = "de"
"""That of the walk; the other languages have words for the same sentences."""
SPOKEN = (
    *("kernel/identifiers.py", "kernel/lifecycle.py", "kernel/money.py", "platform/doors", "platform/idempotency"),
    *("platform/lists.py", "platform/documents/queries.py", "surfaces/doors.py", "surfaces/portal/queries"),
    *("flow/agree/customers", "flow/agree/quotes", "flow/agree/contracts", "flow/deliver/projects"),
    *("flow/deliver/subscriptions/queries", "flow/deliver/usage", "flow/invoice/invoices", "flow/invoice/credit_notes"),
    *("flow/receive/disputes", "flow/receive/payments"),
)
"""What the portal calls, and where refusals are raised in English; its pages say theirs in the language of the page."""
LEAST = 20
"""So many different sentences of rules are met at least."""


@cache
def english() -> dict[str, re.Pattern[str]]:
    """The sentences of all refusals, `{}` for what varies, with what they look like on a page."""
    found: set[str] = set()
    for place in SPOKEN:
        root = PACKAGE / place
        for path in root.rglob("*.py") if root.is_dir() else [root]:
            if "raise " in (text := path.read_text()) or "Refusal" in text:
                found |= set(sentences(ast.parse(text)))
    return {one: re.compile(re.escape(one).replace(r"\{\}", ".+?") + r"(?= |$)") for one in found}


def sentences(tree: ast.AST) -> Iterator[str]:
    """The sentences that classes are made with, that `fix` is given, and that stand in names for them."""
    for node in ast.walk(tree):
        said: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[:1].isupper():
            said = [*node.args[:1], *(one.value for one in node.keywords if one.arg == "fix")]
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            said = [node.value] if node.targets[0].id in ("sentence", "message") else []
        for one in said:
            text = template(one)
            if text.endswith(".") and len(text.replace("{}", "")) > 5:
                yield text


def template(node: ast.expr) -> str:
    """A text with `{}` for each value in it; empty for what is no text."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return ""


def test_each_refusal_that_has_words_has_them_in_each_language_and_is_raised_somewhere() -> None:
    known = REFUSALS[LANGUAGE].keys()
    assert sorted(known - english().keys()) == []
    for language in REFUSALS.keys() - {"en"}:
        assert REFUSALS[language].keys() == known
        for one, words in REFUSALS[language].items():
            assert set(re.findall(r"\{(\d)\}", words)) <= {str(place) for place in range(one.count("{}"))}, one


def wrong_addresses(here: Dealings) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Every address that names a document with ids that are none and with those of nobody; lists asked wrongly."""
    for name, given in arguments(here).items():
        key, value = next((key, value) for key, value in given.items() if key.endswith("_id"))
        nobody = value[:4] + public("quote", new_id())[4:]
        yield reverse(name, kwargs=given | {key: nobody}), {} if name in POSTED else None
    yield "/portal/orders/x/", None
    for kind, query in zip(LISTS, cycle(("after=x", "state=x", "q=%00")), strict=False):
        yield f"/portal/{kind}/?{query}", None
    invoice = f"/portal/invoices/{public('invoice', here.invoice)}/"
    usage = f"/portal/subscriptions/{public('subscription', here.subscription)}/usage/"
    for path in (f"{invoice}files/doc/", f"{invoice}why/nothing/", f"{usage}?month=x", f"{usage}?month=0001-01"):
        yield path, None
    yield "/portal/nowhere/", None


def wrong_forms(here: Dealings) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Every form of the portal, filled in wrongly or sent too late."""
    waiting, accepted = (f"/portal/quotes/{public('quote', one)}/" for one in (here.quote, here.accepted_quote))
    other = {"name": "Bea", "who": "other", "signer_name": "Carl", "signer_email": ""}
    for form in ({}, other, other | {"signer_email": "x"}, other | {"signer_name": "", "signer_email": "a@b.example"}):
        yield f"{waiting}accept/", form
    yield f"{accepted}accept/", {"name": "Bea", "who": "me"}
    yield f"{accepted}decline/", {"reason": "No"}
    invoice = f"/portal/invoices/{public('invoice', here.invoice)}/"
    for amount in ("", "0", "x", "1.001", "999999"):
        yield f"{invoice}dispute/", {"amount": amount, "reason": "price", "description": "No"}
    for amount in ("", "0", "x", "1.001", "999999", "150"):
        yield f"{invoice}pay/", {"amount": amount, "card": "4242 4242 4242 4242"}
    paid = f"/portal/invoices/{public('invoice', here.paid_invoice)}/"
    yield f"{paid}pay/", {"amount": "1", "card": "4242 4242 4242 4242"}
    yield f"{paid}dispute/", {"amount": "1", "reason": "price", "description": "No"}
    work = f"/portal/installations/{public('installation', here.installation)}/"
    for name in ("", "Mickey"):
        yield f"{work}accept/", {"name": name}
    yield f"{work}reject/", {"reason": ""}
    sign = f"/sign/{here.token}/"
    for form in ({}, {"typed_name": "Mickey", "consent": "1"}, {"typed_name": "Bea Buyer"}):
        yield sign, form
    yield f"{sign}decline/", {"reason": ""}
    yield "/sign/nothing/", None


def too_late(here: Dealings) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Steps on documents that were decided meanwhile, each taken a second time."""
    steps = (
        (f"/portal/installations/{public('installation', here.installation)}/accept/", {"name": "Bea Buyer"}),
        (f"/portal/disputes/{public('dispute', here.dispute)}/withdraw/", {"reason": "x"}),
        (f"/sign/{here.token}/decline/", {"reason": "No"}),
    )
    for path, form in steps:
        yield from [(path, form)] * 2
    sql.execute("UPDATE quotes SET valid_until = '2025-12-31' WHERE id = %s", (here.quote,))
    accept = f"/portal/quotes/{public('quote', here.quote)}/accept/", {"name": "Bea Buyer", "who": "me"}
    yield accept
    sql.execute("UPDATE quotes SET valid_until = '2027-12-31' WHERE id = %s", (here.quote,))
    sql.execute("UPDATE customers SET status = 'blocked' WHERE id = %s", (here.customer,))
    yield accept
    sql.execute("UPDATE customers SET status = 'active' WHERE id = %s", (here.customer,))
    dispute = f"/portal/invoices/{public('invoice', here.invoice)}/dispute/"
    for amount in ("1", "2"):
        yield dispute, {"amount": amount, "reason": "price", "description": "x", "idempotency_key": "one"}


def texts(seen: Seen) -> set[str]:
    """What stands on a page, text by text; an address of it, which holds what was typed, is none."""
    return {" ".join(str(one).split()) for one in seen.all("//body//text()[not(parent::script)]")} - {""}


def test_no_door_of_the_portal_refuses_in_english(db: Database) -> None:
    shop, customer, _ = make_two_customers()
    here = deal(shop, customer, EMAIL)
    bea = Buyer(customer, EMAIL)
    sql.execute("UPDATE customers SET locale = %s WHERE id = %s", (LANGUAGE, customer))
    looked_at, met, left = set[str](), set[str](), dict[str, str]()
    for path, form in chain(wrong_addresses(here), wrong_forms(here), too_late(here)):
        seen = bea.get(path) if form is None else bea.post(path, form)
        for text in texts(seen) - looked_at:
            met |= {words for words, pattern in told().items() if pattern.match(text)}
            if any(pattern.match(text) for pattern in english().values()):
                left[text] = path
        looked_at |= texts(seen)
    assert left == {}
    assert len(met) >= LEAST, sorted(met)


@cache
def told() -> dict[str, re.Pattern[str]]:
    """The sentences of refusals in the language of the walk, with what they look like on a page."""
    return {one: re.compile(re.sub(r"\\\{\d\\\}", ".+", re.escape(one))) for one in REFUSALS[LANGUAGE].values()}
