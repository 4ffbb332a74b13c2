"""Who sends a document and to whom, as papers want it: legal entities and addresses in the reader's language."""

from cashline.platform.company.queries import Entity
from cashline.platform.documents.papers import BankAccount, Brand
from cashline.platform.documents.wording import wording_for

_LETTER = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE"})
"""Countries whose paper is Letter rather than A4."""


def country_name(code: str, locale: str) -> str:
    """The name of a country in the language of the document."""
    return str(wording_for(locale).locale.territories.get(code, code))


def address_lines(
    *, street: str, postcode: str, city: str, region: str = "", country: str = "", locale: str = "en"
) -> tuple[str, ...]:
    """An address as it is written in its country: the postcode before the city, or after it in America and Britain."""
    if country in ("US", "CA", "AU"):
        place = ", ".join(part for part in (city, " ".join(part for part in (region, postcode) if part)) if part)
    elif country in ("GB", "IE"):
        place = "\n".join(part for part in (city, region, postcode) if part)
    else:
        place = " ".join(part for part in (postcode, city) if part)
    lines = [*street.split("\n"), *place.split("\n"), country_name(country, locale) if country else ""]
    return tuple(line for line in lines if line)


def paper_size(country: str) -> str:
    """The size of the paper that a country writes on, by its name in Typst."""
    return "us-letter" if country in _LETTER else "a4"


def brand_of(entity: Entity, locale: str) -> Brand:
    """The letterhead of a legal entity."""
    return Brand(
        name=entity.name,
        address=address_lines(
            street=entity.street, postcode=entity.postcode, city=entity.city, country=entity.country, locale=locale
        ),
        colour=entity.brand_color,
        email=entity.email,
        phone=entity.phone,
        website=entity.website,
        tax_id=entity.tax_id,
        registration=entity.registration,
        bank=BankAccount(entity.iban, entity.bic, entity.name) if entity.iban else None,
        paper=paper_size(entity.country),
    )
