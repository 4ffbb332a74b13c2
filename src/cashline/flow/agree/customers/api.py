"""The API of customers."""

from typing import Annotated, Any, Self

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, ModelWrapValidatorHandler, StringConstraints, ValidationError, model_validator

from cashline.flow.agree.customers import actions, queries
from cashline.flow.agree.customers.queries import AddressRow, CustomerRow
from cashline.flow.agree.customers.rules import (
    AddressRole,
    CustomerStatus,
    NewAddress,
    NewCustomer,
    customer_errors,
    timezone_of,
)
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CountryCode,
    CurrencyCode,
    Cursor,
    Email,
    Limit,
    Name,
    PublicId,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    with_refusals,
)

router = Router(tags=["Customers"])
type Days = Annotated[int, Field(ge=0, le=365)]
type Iban = Annotated[str, StringConstraints(max_length=34)]


class AddressIn(Closed):
    """An address; one of each role."""

    role: AddressRole
    street: Name
    city: Name
    country: CountryCode
    postcode: Text = ""
    region: Text = ""
    name: Text = ""

    def given(self) -> NewAddress:
        """As the rules take it."""
        return NewAddress(**self.model_dump())


class CustomerIn(Closed):
    """A customer to create. The tax number may be spelled in any way; its check digits are proven where they can be."""

    name: Name
    country: CountryCode
    currency: CurrencyCode
    email: Email = ""
    phone: Text = ""
    timezone: Annotated[Text, Field(description="Such as Europe/Berlin; left empty, that of the country.")] = ""
    locale: Text = "en"
    payment_terms_days: Days = 30
    tax_id: Annotated[str, StringConstraints(max_length=40)] = ""
    tax_exempt_reason: Text = ""
    known_ibans: Annotated[list[Iban], Field(max_length=20)] = []
    external_reference: Name | None = None
    addresses: Annotated[list[AddressIn], Field(max_length=2)] = []

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """What the rules say of a body comes with what its form says, so that all can be mended in one go."""
        try:
            return read(given)
        except ValidationError as wrong:
            raise with_refusals(wrong, customer_errors(as_far_as_read(given))) from None

    def new(self) -> NewCustomer:
        """As the rules take it."""
        given = self.model_dump(exclude={"addresses", "known_ibans"})
        given["timezone"] = self.timezone or timezone_of(self.country)
        return NewCustomer(
            **given, known_ibans=tuple(self.known_ibans), addresses=tuple(one.given() for one in self.addresses)
        )


def as_far_as_read(given: Any) -> NewCustomer:
    """A customer of the texts of a body whose form is wrong, for the rules to say what else is wrong with them."""
    body = given if isinstance(given, dict) else {}
    names = ("name", "country", "currency", "email", "phone", "locale", "tax_id", "tax_exempt_reason")
    texts = {name: body[name] for name in names if isinstance(body.get(name), str)}
    zone = body.get("timezone")
    country = texts.get("country", "")
    days = body.get("payment_terms_days", 30)
    return NewCustomer(
        **{"name": "", "country": "", "currency": ""} | texts,
        timezone=zone if isinstance(zone, str) and zone else timezone_of(country),
        payment_terms_days=days if isinstance(days, int) else 30,
    )


class CustomerChangeIn(Closed):
    """What changes; a field left out stays as it is. The currency cannot change."""

    name: Name | None = None
    country: CountryCode | None = None
    email: Email | None = None
    phone: Text | None = None
    timezone: Text | None = None
    locale: Text | None = None
    payment_terms_days: Days | None = None
    tax_id: Annotated[str, StringConstraints(max_length=40)] | None = None
    tax_exempt_reason: Text | None = None
    known_ibans: Annotated[list[Iban], Field(max_length=20)] | None = None
    external_reference: Name | None = None
    addresses: Annotated[list[AddressIn], Field(max_length=2)] | None = None


def shape(row: CustomerRow, addresses: dict[str, AddressRow] | None = None) -> dict[str, Any]:
    """A customer as the API shows it."""
    body = {
        "id": public("customer", row.id),
        "number": row.number,
        "name": row.name,
        "status": row.status,
        "email": row.email,
        "phone": row.phone,
        "country": row.country,
        "currency": row.currency,
        "timezone": row.timezone,
        "locale": row.locale,
        "payment_terms_days": row.payment_terms_days,
        "tax_id": row.tax_id,
        "tax_id_checked": row.tax_id_checked,
        "tax_exempt_reason": row.tax_exempt_reason,
        "known_ibans": row.known_ibans,
        "external_reference": row.external_reference,
        "created_at": row.created_at,
    }
    if addresses is not None:
        names = ("role", "name", "street", "postcode", "city", "region", "country")
        body["addresses"] = [{name: getattr(one, name) for name in names} for one in addresses.values()]
    return body


@router.get("/customers")
def customer_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[CustomerStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    country: Annotated[list[CountryCode], Query()] = [],  # noqa: B006
    currency: Annotated[list[CurrencyCode], Query()] = [],  # noqa: B006
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Customers, the newest first unless sorted by number, name, country, currency, status or created_at."""
    caller_of(request).require("customers.read")
    page = queries.list_customers(
        ask_of(sort, cursor, limit), words=q, statuses=status, countries=country, currencies=currency
    )
    return listed(page, shape)


@router.post("/customers", response={201: dict[str, Any]})
def customer_create(request: HttpRequest, body: CustomerIn) -> tuple[int, dict[str, Any]]:
    """Create a customer; every error comes at once."""
    caller = caller_of(request)
    caller.require("customers.write")
    (key,) = actions.create_customers([body.new()], now=caller.now, actor=caller.actor)
    return 201, shape(queries.customer(key), queries.addresses_of([key])[key])


@router.get("/customers/{customer_id}")
def customer_show(request: HttpRequest, customer_id: PublicId) -> dict[str, Any]:
    """One customer with its addresses."""
    caller_of(request).require("customers.read")
    key = key_of("customer", customer_id)
    return shape(queries.customer(key), queries.addresses_of([key])[key])


@router.patch("/customers/{customer_id}")
def customer_change(request: HttpRequest, customer_id: PublicId, body: CustomerChangeIn) -> dict[str, Any]:
    """Change some fields; given addresses replace those of the same role."""
    caller = caller_of(request)
    caller.require("customers.write")
    key = key_of("customer", customer_id)
    changes = body.model_dump(exclude_unset=True, exclude={"addresses", "known_ibans"})
    changes = {name: value for name, value in changes.items() if value is not None or name == "external_reference"}
    if body.known_ibans is not None:
        changes["known_ibans"] = tuple(body.known_ibans)
    if body.addresses is not None:
        changes["addresses"] = tuple(one.given() for one in body.addresses)
    actions.change_customer(key, changes=changes, now=caller.now, actor=caller.actor)
    return shape(queries.customer(key), queries.addresses_of([key])[key])


@router.post("/customers/{customer_id}/block")
def customer_block(request: HttpRequest, customer_id: PublicId, body: Why) -> dict[str, Any]:
    """Agree no new business with the customer."""
    caller = caller_of(request)
    caller.require("customers.write")
    key = key_of("customer", customer_id)
    actions.block_customers([key], reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.customer(key))


@router.post("/customers/{customer_id}/unblock")
def customer_unblock(request: HttpRequest, customer_id: PublicId, body: Why) -> dict[str, Any]:
    """Do business with the customer again."""
    caller = caller_of(request)
    caller.require("customers.write")
    key = key_of("customer", customer_id)
    actions.unblock_customers([key], reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.customer(key))


@router.post("/customers/{customer_id}/close")
def customer_close(request: HttpRequest, customer_id: PublicId, body: Why) -> dict[str, Any]:
    """End the relation; documents stay as they are."""
    caller = caller_of(request)
    caller.require("customers.write")
    key = key_of("customer", customer_id)
    actions.close_customers([key], reason=body.reason, now=caller.now, actor=caller.actor)
    return shape(queries.customer(key))
