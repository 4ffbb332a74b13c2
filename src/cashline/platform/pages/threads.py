"""The thread of a document: what came of it and what it came from, as the event log links them."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from cashline.kernel.identifiers import public
from cashline.platform.events.queries import Link, linked_documents, touched_objects
from cashline.platform.pages.components import Label, Related, RelatedDocument, Stage
from cashline.platform.pages.speaking import gettext_lazy as _

KINDS: dict[str, tuple[Label, Stage]] = {
    "quote": (_("Quote"), Stage.AGREE),
    "agreement": (_("Contract"), Stage.AGREE),
    "order": (_("Order"), Stage.BOOK),
    "shipment": (_("Shipment"), Stage.DELIVER),
    "subscription": (_("Subscription"), Stage.DELIVER),
    "installation": (_("Installation"), Stage.DELIVER),
    "invoice": (_("Invoice"), Stage.INVOICE),
    "credit_note": (_("Credit note"), Stage.INVOICE),
    "payment": (_("Payment"), Stage.RECEIVE),
}
"""The kinds of documents of a thread, in the order of the flow."""
ALWAYS = ("quote", "agreement", "order", "invoice")
"""What is shown as a step to come where there is none yet."""
MOST = 6


def thread_of(
    keys: Iterable[UUID], current: UUID, *, always: tuple[str, ...] = ALWAYS, known: Iterable[Link] = ()
) -> tuple[Related, ...]:
    """The documents whose events touch those, or the agreements and quotes they came of; the current stands out.

    `known` are documents that have no event of their own, such as the terms of an order that came without a quote.
    A kind that is `always` shown is a step to come where nothing behind it in the flow is there.
    """
    wanted = set(keys) | {current}
    for source in ("agreement", "quote"):
        wanted |= touched_objects(wanted, source)
    links = linked_documents(wanted, tuple(KINDS))
    if came := _agreements_of_quote(links, current) - wanted:
        links = linked_documents(wanted | came, tuple(KINDS))
    named = {link.id for link in links}
    found: dict[str, list[RelatedDocument]] = {}
    for link in [*links, *(link for link in known if link.id not in named)]:
        shown = found.setdefault(link.type, [])
        if len(shown) < MOST or link.id == current:
            url = address_of(link.type, link.id)
            shown.append(RelatedDocument(link.number, url, current=link.id == current, whole_url=_whole(link)))
    kinds = tuple(KINDS)
    furthest = max((kinds.index(kind) for kind in found), default=-1)
    return tuple(
        Related(*KINDS[kind], tuple(found.get(kind, ())))
        for place, kind in enumerate(kinds)
        if kind in found or (kind in always and place > furthest)
    )


def _agreements_of_quote(links: Iterable[Link], current: UUID) -> set[UUID]:
    """The agreements that came of a quote, where that is the current document: all that follows hangs on them."""
    found = list(links)
    if not any(link.type == "quote" and link.id == current for link in found):
        return set()
    return {link.id for link in found if link.type == "agreement"}


def _whole(link: Link) -> str:
    """The page of the whole thread of a document: all its documents and all that happened."""
    try:
        return reverse("chain", args=[public(link.type, link.id)])
    except NoReverseMatch:
        return ""


def address_of(kind: str, key: UUID) -> str:
    """The page of a document; empty where it has none."""
    try:
        return reverse(f"{kind}_detail", args=[public(kind, key)])
    except NoReverseMatch:
        return ""
