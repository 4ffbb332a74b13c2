"""The parties of an invoice as they are kept with it: plain values whose id is the hash of their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where a party sits, or where goods go."""

    name: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or a buyer on the day of issue; `vat_id` is the tax number where it is a proven VAT number."""

    name: str
    number: str
    address: PostalAddress
    ship_to: PostalAddress | None = None
    tax_id: str = ""
    vat_id: str = ""
    registration: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    iban: str = ""
    bic: str = ""
    locale: str = "en"
    brand_color: str = ""


def party_json(party: Party) -> tuple[UUID, str]:
    """The stored form of a party and its id; empty values are left out."""
    text = msgspec.json.encode(_filled(msgspec.to_builtins(party)), order="sorted")
    return UUID(bytes=hashlib.sha256(text).digest()[:16]), text.decode()


def party_of(content: Mapping[str, Any]) -> Party:
    """Read the stored form back."""
    return msgspec.convert(content, Party)


def _filled(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _filled(item) if isinstance(item, Mapping) else item
        for key, item in value.items()
        if item or key == "name"
    }
