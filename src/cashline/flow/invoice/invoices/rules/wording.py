"""The few sentences of invoices, credit notes and their mails, in the languages of the documents."""

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "set_off": "Set off against invoice {number}; what exceeds it stays as credit on your account.",
        "payable_within": "Payable within {days} days without deduction.",
        "part_of_period": "{days} of {of_days} days",
        "correction": "Correction of an earlier invoice",
        "invoice_subject": "Invoice {number} from {seller}",
        "invoice_text": (
            "Hello,\n\nplease find attached our invoice {number} over {amount}, due on {due}.\n"
            "Please state the number {number} when you pay.\n\nKind regards\n{seller}\n"
        ),
        "credit_subject": "Credit note {number} from {seller}",
        "credit_text": (
            "Hello,\n\nplease find attached our credit note {number} over {amount} for invoice {invoice}.\n\n"
            "Kind regards\n{seller}\n"
        ),
    },
    "de": {
        "set_off": "Wird mit der Rechnung {number} verrechnet; ein Überschuss bleibt als Guthaben bestehen.",
        "payable_within": "Zahlbar innerhalb von {days} Tagen ohne Abzug.",
        "part_of_period": "{days} von {of_days} Tagen",
        "correction": "Korrektur einer früheren Rechnung",
        "invoice_subject": "Rechnung {number} von {seller}",
        "invoice_text": (
            "Guten Tag,\n\nanbei erhalten Sie unsere Rechnung {number} über {amount}, fällig am {due}.\n"
            "Bitte geben Sie bei der Zahlung die Nummer {number} an.\n\nMit freundlichen Grüßen\n{seller}\n"
        ),
        "credit_subject": "Gutschrift {number} von {seller}",
        "credit_text": (
            "Guten Tag,\n\nanbei erhalten Sie unsere Gutschrift {number} über {amount} zur Rechnung {invoice}.\n\n"
            "Mit freundlichen Grüßen\n{seller}\n"
        ),
    },
    "fr": {
        "set_off": "Imputé sur la facture {number} ; l'excédent reste un avoir sur votre compte.",
        "payable_within": "Payable sous {days} jours sans escompte.",
        "part_of_period": "{days} jours sur {of_days}",
        "correction": "Correction d'une facture précédente",
        "invoice_subject": "Facture {number} de {seller}",
        "invoice_text": (
            "Bonjour,\n\nveuillez trouver ci-joint notre facture {number} de {amount}, à régler avant le {due}.\n"
            "Merci d'indiquer le numéro {number} lors du paiement.\n\nCordialement\n{seller}\n"
        ),
        "credit_subject": "Avoir {number} de {seller}",
        "credit_text": (
            "Bonjour,\n\nveuillez trouver ci-joint notre avoir {number} de {amount} sur la facture {invoice}.\n\n"
            "Cordialement\n{seller}\n"
        ),
    },
}


def phrase(locale: str, key: str, **values: object) -> str:
    """A sentence in the language of a locale tag; English where we have no other."""
    words = PHRASES.get(locale[:2].lower(), PHRASES["en"])
    return words[key].format(**values)
