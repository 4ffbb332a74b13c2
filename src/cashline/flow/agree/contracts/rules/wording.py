"""The words of contracts, of their clauses and of the mails that bring them, in the customer's language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContractWords:
    """The texts of one language; braces are filled in."""

    provider: str
    customer: str
    represented_by: str
    preamble: str
    clauses: tuple[tuple[str, tuple[str, ...]], ...]
    special: str
    value: str
    starts_on: str
    payment: str
    days: str
    sealed: str
    method: str
    method_text: str
    email: str
    browser: str
    consent: str
    typed_name: str
    sent: str
    viewed: str
    signed: str
    consent_text: str
    mail_subject: str
    mail_text: str
    signed_subject: str
    signed_text: str


_ENGLISH = ContractWords(
    provider="Provider",
    customer="Customer",
    represented_by="Represented by {names}",
    preamble="The parties agree on the supply of the products and services listed in the schedule below.",
    clauses=(
        (
            "Supply",
            (
                "The provider supplies the products and services of the schedule in the quantities stated there.",
                "Goods are delivered to the customer's delivery address. The customer accepts services in writing.",
            ),
        ),
        (
            "Prices and payment",
            (
                "Prices are those of the schedule, without tax. Tax is added at the rate of the day of supply.",
                "Goods are invoiced when shipped, services when accepted, subscriptions by interval from activation.",
                "Invoices are payable within {days} days of their date.",
            ),
        ),
        (
            "Term",
            (
                "This contract takes effect on the day of the last signature. Subscriptions run for the term stated, "
                "from the day on which they are activated.",
            ),
        ),
        (
            "Form",
            ("Changes need text form. The parties sign electronically; the sealed file is the original.",),
        ),
    ),
    special="Special terms",
    value="Contract value",
    starts_on="Planned start",
    payment="Payment terms",
    days="{days} days",
    sealed="Electronic seal",
    method="method",
    method_text="Electronic signature by a personal link",
    email="E-mail",
    browser="Browser",
    consent="Consent",
    typed_name="Name typed",
    sent="Sent for signature to {name}",
    viewed="Opened by {name}",
    signed="Signed by {name}",
    consent_text="I have read the contract {number} and sign it electronically on behalf of {customer}.",
    mail_subject="Please sign: {number} {title}",
    mail_text="""Hello {name},

{sender} asks you to sign the contract {number} ({title}) on behalf of {customer}.
Read it and sign it here:

{url}

This link is personal; please do not pass it on.
""",
    signed_subject="Signed by all: {number} {title}",
    signed_text="""Hello {name},

the contract {number} ({title}) has been signed by all parties. The sealed original is attached.

{sender}
""",
)
_WORDS = {
    "en": _ENGLISH,
    "de": ContractWords(
        provider="Anbieter",
        customer="Kunde",
        represented_by="Vertreten durch {names}",
        preamble="Die Parteien vereinbaren die Lieferung der unten aufgeführten Produkte und Leistungen.",
        clauses=(
            (
                "Leistung",
                (
                    "Der Anbieter liefert die aufgeführten Produkte und Leistungen in den dort genannten Mengen.",
                    "Waren gehen an die Lieferanschrift des Kunden. Leistungen nimmt der Kunde in Textform ab.",
                ),
            ),
            (
                "Preise und Zahlung",
                (
                    "Es gelten die aufgeführten Preise zuzüglich der Umsatzsteuer des Liefertags.",
                    "Waren werden bei Versand berechnet, Leistungen bei Abnahme, Abonnements ab Aktivierung.",
                    "Rechnungen sind innerhalb von {days} Tagen ab Rechnungsdatum zahlbar.",
                ),
            ),
            (
                "Laufzeit",
                (
                    "Der Vertrag gilt ab dem Tag der letzten Unterschrift. Abonnements laufen für die genannte Dauer "
                    "ab dem Tag ihrer Aktivierung.",
                ),
            ),
            (
                "Form",
                (
                    "Änderungen bedürfen der Textform. Die Parteien unterschreiben elektronisch; die versiegelte "
                    "Datei ist das Original.",
                ),
            ),
        ),
        special="Besondere Bedingungen",
        value="Vertragswert",
        starts_on="Geplanter Beginn",
        payment="Zahlungsziel",
        days="{days} Tage",
        sealed="Elektronisches Siegel",
        method="method",
        method_text="Elektronische Unterschrift über einen persönlichen Link",
        email="E-Mail",
        browser="Browser",
        consent="Einwilligung",
        typed_name="Eingegebener Name",
        sent="Zur Unterschrift gesandt an {name}",
        viewed="Geöffnet von {name}",
        signed="Unterschrieben von {name}",
        consent_text="Ich habe den Vertrag {number} gelesen und unterschreibe ihn elektronisch für {customer}.",
        mail_subject="Bitte unterschreiben: {number} {title}",
        mail_text="""Guten Tag {name},

{sender} bittet Sie, den Vertrag {number} ({title}) für {customer} zu unterschreiben.
Hier können Sie ihn lesen und unterschreiben:

{url}

Dieser Link ist persönlich; bitte geben Sie ihn nicht weiter.
""",
        signed_subject="Von allen unterschrieben: {number} {title}",
        signed_text="""Guten Tag {name},

der Vertrag {number} ({title}) ist von allen Parteien unterschrieben. Das versiegelte Original liegt bei.

{sender}
""",
    ),
    "fr": ContractWords(
        provider="Fournisseur",
        customer="Client",
        represented_by="Représenté par {names}",
        preamble="Les parties conviennent de la fourniture des produits et services énumérés ci-dessous.",
        clauses=(
            (
                "Fourniture",
                (
                    "Le fournisseur livre les produits et services énumérés, dans les quantités indiquées.",
                    "Les biens sont livrés à l'adresse du client. Les services sont acceptés par écrit par le client.",
                ),
            ),
            (
                "Prix et paiement",
                (
                    "Les prix s'entendent hors taxes ; la taxe s'ajoute au taux en vigueur le jour de la livraison.",
                    "Les biens sont facturés à l'expédition, les services à l'acceptation, les abonnements par période "
                    "dès l'activation.",
                    "Les factures sont payables dans les {days} jours suivant leur date.",
                ),
            ),
            (
                "Durée",
                (
                    "Le contrat prend effet le jour de la dernière signature. Les abonnements courent pour la durée "
                    "indiquée, à compter de leur activation.",
                ),
            ),
            (
                "Forme",
                (
                    "Toute modification requiert un écrit. Les parties signent électroniquement ; le fichier scellé "
                    "fait foi.",
                ),
            ),
        ),
        special="Conditions particulières",
        value="Valeur du contrat",
        starts_on="Début prévu",
        payment="Délai de paiement",
        days="{days} jours",
        sealed="Sceau électronique",
        method="method",
        method_text="Signature électronique par lien personnel",
        email="E-mail",
        browser="Navigateur",
        consent="Consentement",
        typed_name="Nom saisi",
        sent="Envoyé pour signature à {name}",
        viewed="Ouvert par {name}",
        signed="Signé par {name}",
        consent_text="J'ai lu le contrat {number} et je le signe électroniquement au nom de {customer}.",
        mail_subject="À signer : {number} {title}",
        mail_text="""Bonjour {name},

{sender} vous demande de signer le contrat {number} ({title}) au nom de {customer}.
Lisez-le et signez-le ici :

{url}

Ce lien est personnel ; merci de ne pas le transmettre.
""",
        signed_subject="Signé par tous : {number} {title}",
        signed_text="""Bonjour {name},

le contrat {number} ({title}) a été signé par toutes les parties. L'original scellé est joint.

{sender}
""",
    ),
}


def contract_words(locale: str) -> ContractWords:
    """The words of a locale's language; English where there are none."""
    return _WORDS.get(locale.replace("-", "_").split("_")[0].lower(), _ENGLISH)
