"""The words of quotes and of the mails that bring them, in the customer's language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuoteWords:
    """The texts of one language; braces are filled in."""

    list_total: str
    list_price: str
    discount: str
    without_tax: str
    taxes: str
    each_with_tax: str
    with_tax: str
    term: str
    every: str
    mail_subject: str
    mail_text: str


_ENGLISH = QuoteWords(
    list_total="List prices",
    list_price="List price",
    discount="Discount",
    without_tax="All prices are without tax, which is added at the rate of the day of supply.",
    taxes="Tax at the rates of today, over the whole term; each invoice charges the rate of its day of supply.",
    each_with_tax="{price} each including tax",
    with_tax="Where a price including tax is stated, an invoice taxed at that rate comes to it exactly.",
    term="{months} months",
    every="Every {months} months",
    mail_subject="Quote {number}: {title}",
    mail_text="""Hello{name},

please find attached our quote {number} (version {version}) over {total}, plus tax.
You can review and accept it online until {valid_until}:

{url}

Kind regards
{sender}
""",
)
_WORDS = {
    "en": _ENGLISH,
    "de": QuoteWords(
        list_total="Listenpreise",
        list_price="Listenpreis",
        discount="Nachlass",
        without_tax="Alle Preise verstehen sich zuzüglich der Umsatzsteuer des Liefertags.",
        taxes="Umsatzsteuer nach heutigen Sätzen über die ganze Laufzeit; berechnet wird der Satz des Liefertags.",
        each_with_tax="je {price} inklusive Steuer",
        with_tax="Wo ein Preis inklusive Steuer steht, ergibt eine Rechnung zu diesem Steuersatz genau ihn.",
        term="{months} Monate",
        every="Alle {months} Monate",
        mail_subject="Angebot {number}: {title}",
        mail_text="""Guten Tag{name},

anbei erhalten Sie unser Angebot {number} (Version {version}) über {total} zuzüglich Umsatzsteuer.
Bis zum {valid_until} können Sie es hier ansehen und annehmen:

{url}

Freundliche Grüße
{sender}
""",
    ),
    "fr": QuoteWords(
        list_total="Prix catalogue",
        list_price="Prix catalogue",
        discount="Remise",
        without_tax="Prix hors taxes ; la taxe s'ajoute au taux en vigueur le jour de la livraison.",
        taxes="Taxe aux taux actuels sur toute la durée ; chaque facture applique le taux du jour de la livraison.",
        each_with_tax="{price} l'unité TTC",
        with_tax="Là où un prix TTC est indiqué, une facture taxée à ce taux y revient exactement.",
        term="{months} mois",
        every="Tous les {months} mois",
        mail_subject="Devis {number} : {title}",
        mail_text="""Bonjour{name},

veuillez trouver ci-joint notre devis {number} (version {version}) d'un montant de {total} hors taxes.
Vous pouvez le consulter et l'accepter en ligne jusqu'au {valid_until} :

{url}

Cordialement
{sender}
""",
    ),
}


def quote_words(locale: str) -> QuoteWords:
    """The words of a locale's language; English where there are none."""
    return _WORDS.get(locale.replace("-", "_").split("_")[0].lower(), _ENGLISH)
