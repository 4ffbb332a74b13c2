"""The words of an invitation, in the language of who is invited."""

from collections.abc import Mapping
from dataclasses import dataclass

PORTAL = "portal"
STAFF = "staff"


@dataclass(frozen=True, slots=True)
class InvitationWords:
    """Subject and text; `{name}` is the person, `{company}` who invites, `{link}` where the password is chosen."""

    subject: str
    text: str


WORDS: Mapping[tuple[str, str], InvitationWords] = {
    (PORTAL, "en"): InvitationWords(
        "Your access to {company}",
        "Hello {name},\n\n{company} has opened its customer portal for you. There you find your quotes, contracts, "
        "orders and invoices, accept and sign, pay, or tell us what is not right.\n\n"
        "Choose your password here (the link works once, for {days} days):\n{link}\n\n{company}\n",
    ),
    (PORTAL, "de"): InvitationWords(
        "Ihr Zugang zu {company}",
        "Guten Tag {name},\n\n{company} hat das Kundenportal für Sie geöffnet. Dort finden Sie Ihre Angebote, "
        "Verträge, Aufträge und Rechnungen, nehmen an und unterschreiben, zahlen oder sagen uns, was nicht stimmt.\n\n"
        "Wählen Sie hier Ihr Passwort (der Link gilt einmal und {days} Tage lang):\n{link}\n\n{company}\n",
    ),
    (PORTAL, "fr"): InvitationWords(
        "Votre accès à {company}",
        "Bonjour {name},\n\n{company} vous ouvre son espace client. Vous y trouvez vos devis, contrats, commandes et "
        "factures ; vous pouvez accepter et signer, payer ou nous signaler une erreur.\n\n"
        "Choisissez votre mot de passe ici (le lien est valable une fois, pendant {days} jours) :\n{link}\n\n"
        "{company}\n",
    ),
    (STAFF, "en"): InvitationWords(
        "Your access to Cashline at {company}",
        "Hello {name},\n\nyou can now work in Cashline for {company}.\n\n"
        "Choose your password here (the link works once, for {days} days):\n{link}\n",
    ),
    (STAFF, "de"): InvitationWords(
        "Ihr Zugang zu Cashline bei {company}",
        "Guten Tag {name},\n\nSie können jetzt in Cashline für {company} arbeiten.\n\n"
        "Wählen Sie hier Ihr Passwort (der Link gilt einmal und {days} Tage lang):\n{link}\n",
    ),
    (STAFF, "fr"): InvitationWords(
        "Votre accès à Cashline chez {company}",
        "Bonjour {name},\n\nvous pouvez désormais travailler dans Cashline pour {company}.\n\n"
        "Choisissez votre mot de passe ici (le lien est valable une fois, pendant {days} jours) :\n{link}\n",
    ),
}


def invitation_words(kind: str, locale: str) -> InvitationWords:
    """The words for portal users or staff; English where the language has none."""
    return WORDS.get((kind, locale.replace("-", "_").split("_")[0].lower()), WORDS[kind, "en"])
