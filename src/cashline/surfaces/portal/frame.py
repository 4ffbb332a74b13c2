"""Who visits the portal, and the frame around every page: the brand of the legal entity, and the customer's places."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from cashline.kernel.refusals import Forbidden
from cashline.platform.company.queries import Entity, entities, entities_by_id
from cashline.platform.documents.letterheads import address_lines
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.shell import Brand, NavItem, PortalFrame
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.queries.overview import latest_entity


@dataclass(frozen=True, slots=True)
class Visitor:
    """A customer's person, with the clock of the request."""

    customer_id: UUID
    caller: Caller
    email: str

    @property
    def name(self) -> str:
        """What the person is called; empty where no name is known."""
        name = self.caller.authority.name
        return "" if name == self.email else name

    @property
    def actor(self) -> str:
        """Who is written beside each change: `portal:<email>`."""
        return self.caller.actor

    @property
    def now(self) -> datetime:
        """The instant of the request."""
        return self.caller.now

    def today(self, timezone: str) -> date:
        """The business day there."""
        return self.caller.today(timezone)


def visitor(request: HttpRequest) -> Visitor:
    """The customer's person who asks; raises Forbidden for staff, who have the console."""
    caller = caller_of(request)
    customer_id = caller.authority.customer_id
    if customer_id is None:
        raise Forbidden(_("The portal is for the people of customers."), fix=_("Staff find everything in the console."))
    return Visitor(customer_id, caller, str(getattr(request.user, "email", "")))


def frame_for(entity: Entity | None) -> PortalFrame:
    """The frame in the look of a legal entity."""
    return PortalFrame(_brand(entity), _nav(), reverse("portal_home"))


def portal_frame(who: Visitor) -> PortalFrame:
    """The frame of pages that belong to no single document: that of the entity the customer last dealt with."""
    with as_portal(who.customer_id):
        return frame_for(usual_entity(who.customer_id))


def usual_entity(customer_id: UUID) -> Entity | None:
    """The legal entity that the customer last dealt with, else our first; to be asked as the portal."""
    key = latest_entity(customer_id)
    if key is not None:
        return entities_by_id([key])[key]
    return next(iter(entities()), None)


def frame_of(request: HttpRequest) -> PortalFrame | None:
    """The frame for a refusal: the portal's where a customer's person asks, None (the console's) for all others."""
    caller: Caller | None = getattr(request, "caller", None)
    if caller is None or caller.authority.customer_id is None:
        return None
    return portal_frame(visitor(request))


def open_frame(entity: Entity | None) -> PortalFrame:
    """The frame of a page that works without a log-in: the brand alone."""
    return PortalFrame(_brand(entity), (), "#main")


def _brand(entity: Entity | None) -> Brand:
    if entity is None:
        return Brand("Cashline")
    address = address_lines(
        street=entity.street,
        postcode=entity.postcode,
        city=entity.city,
        country=entity.country,
        locale=get_language() or "en",
    )
    reach = tuple(part for part in (entity.email, entity.phone) if part)
    return Brand(entity.name, entity.brand_color, address=(entity.name, *address, *reach))


def _nav() -> tuple[NavItem, ...]:
    places = (
        (_("Quotes"), "portal_quote_list", "file-pen"),
        (_("Contracts"), "portal_contract_list", "file-signature"),
        (_("Orders"), "portal_order_list", "truck"),
        (_("Subscriptions"), "portal_subscription_list", "repeat"),
        (_("Invoices"), "portal_invoice_list", "receipt-text"),
        (_("Payments"), "portal_payment_list", "credit-card"),
        (_("Account"), "portal_account", "user"),
    )
    return tuple(NavItem(label, reverse(name), icon) for label, name, icon in places)
