"""Rules of notices: what an alert may look at, when it tells, and the words of the mails in three languages."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import round_to

MOST_NOTICE_DAYS = 365
LOW = "low"
"""What a wallet's alert told for while the balance is below."""


class AlertKind(StrEnum):
    """What an alert looks at: the next bill of a subscription, or the balance of a wallet."""

    CHARGES = "charges"
    WALLET = "wallet"


@dataclass(frozen=True, slots=True)
class NewMoneyAlert:
    """Tell `email` (empty: the customer) when the next bill reaches, or the balance falls below, an amount."""

    kind: AlertKind
    subject_id: UUID
    threshold: Decimal
    email: str = ""


class ActiveAlert(NamedTuple):
    """An alert as it is looked at; `told_for` is the bill or the dip that it told last."""

    id: UUID
    kind: AlertKind
    subject_id: UUID
    customer_id: UUID
    currency: str
    threshold: Decimal
    email: str
    told_for: str


def alert_problems(new: NewMoneyAlert, currency: str, email: str) -> list[Refusal]:
    """What is wrong with an alert, all at once; `email` is where it would go."""
    found: list[Refusal] = []
    digits = minor_units(currency)
    if not 0 < new.threshold < MAX_AMOUNT or round_to(new.threshold, digits) != new.threshold:
        found.append(InvalidValue(f"An amount above zero, with at most {digits} decimals.", field="threshold"))
    if "@" not in email or any(mark in email for mark in " \r\n,;"):
        sentence = "Say to which address: the customer has none." if not email else f"{email!r} is no address."
        found.append(InvalidValue(sentence, field="email"))
    return found


def tells(alert: ActiveAlert, amount: Decimal, occasion: str) -> str:
    """For what an alert has told after a look; another than `told_for` that is not empty is told now.

    `occasion` names the bill that `amount` is of; for a wallet it is empty.
    """
    if alert.kind is AlertKind.WALLET:
        return LOW if amount < alert.threshold else ""
    return occasion if amount >= alert.threshold else alert.told_for


class RenewalNotice(NamedTuple):
    """A renewal to tell a customer of: the new term, and the price of a unit before and then."""

    fact_id: UUID
    subscription_id: UUID
    customer_id: UUID
    number: str
    plan_name: str
    currency: str
    email: str
    locale: str
    seller: str
    reply_to: str
    begins_on: date
    ends_on: date | None
    old_price: Decimal
    new_price: Decimal
    quantity: Decimal


WORDS: dict[str, dict[str, str]] = {
    "en": {
        "charges_subject": "{name}: the next bill has reached {amount}",
        "charges_text": "Hello,\n\nthe next bill of {name} comes to {amount} so far, without tax. You asked to be told "
        "from {threshold} on.\n\nKind regards\n{seller}\n",
        "wallet_subject": "{name}: {amount} are left",
        "wallet_text": "Hello,\n\nthe balance of {name} is {amount}. You asked to be told below {threshold}.\n\n"
        "Kind regards\n{seller}\n",
        "renewal_subject": "{number} ({plan}) renews on {day}",
        "renewal_text": "Hello,\n\nyour subscription {number} ({plan}) renews on {day}{until}. The price is {new} for "
        "each of {quantity} a period, without tax; until then it is {old}.\n\nKind regards\n{seller}\n",
        "until": ", until {end}",
    },
    "de": {
        "charges_subject": "{name}: die nächste Rechnung hat {amount} erreicht",
        "charges_text": "Guten Tag,\n\ndie nächste Rechnung für {name} beträgt bisher {amount} ohne Steuer. "
        "Sie wollten ab {threshold} benachrichtigt werden.\n\nMit freundlichen Grüßen\n{seller}\n",
        "wallet_subject": "{name}: noch {amount}",
        "wallet_text": "Guten Tag,\n\ndas Guthaben {name} beträgt {amount}. Sie wollten unter {threshold} "
        "benachrichtigt werden.\n\nMit freundlichen Grüßen\n{seller}\n",
        "renewal_subject": "{number} ({plan}) verlängert sich am {day}",
        "renewal_text": "Guten Tag,\n\nIhr Abonnement {number} ({plan}) verlängert sich am {day}{until}. Der Preis "
        "beträgt dann {new} für jede von {quantity} Einheiten je Zeitraum, ohne Steuer; bis dahin sind es {old}.\n\n"
        "Mit freundlichen Grüßen\n{seller}\n",
        "until": " bis {end}",
    },
    "fr": {
        "charges_subject": "{name} : la prochaine facture atteint {amount}",
        "charges_text": "Bonjour,\n\nla prochaine facture de {name} s'élève pour l'instant à {amount} hors taxe. Vous "
        "souhaitiez être prévenu à partir de {threshold}.\n\nCordialement\n{seller}\n",
        "wallet_subject": "{name} : il reste {amount}",
        "wallet_text": "Bonjour,\n\nle solde de {name} est de {amount}. Vous souhaitiez être prévenu en dessous de "
        "{threshold}.\n\nCordialement\n{seller}\n",
        "renewal_subject": "{number} ({plan}) est renouvelé le {day}",
        "renewal_text": "Bonjour,\n\nvotre abonnement {number} ({plan}) est renouvelé le {day}{until}. Le prix sera "
        "de {new} pour chacune des {quantity} unités par période, hors taxe ; il est de {old} jusque-là.\n\n"
        "Cordialement\n{seller}\n",
        "until": ", jusqu'au {end}",
    },
}


def phrase(locale: str, key: str, **given: str) -> str:
    """A phrase in the language of a locale; English where there is none."""
    words = WORDS.get(locale[:2].lower(), WORDS["en"])
    return words[key].format(**given)
