"""The few sentences of invoices, credit notes and their mails, in the languages of the documents."""

from cashline.kernel.writing import fill

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "net_total": "Net total",
        "tax_total": "Tax",
        "gross_total": "Total",
        "since_title": "What changed since invoice {number}",
        "since_same": "The total is that of invoice {number} of {day:day}.",
        "since_more": (
            "This is {difference:money} more than invoice {number} of {day:day}, which came to {before:money}."
        ),
        "since_less": (
            "This is {difference:money} less than invoice {number} of {day:day}, which came to {before:money}."
        ),
        "change_new": "{what} is new: {amount:money}.",
        "change_gone": "{what} is not billed this time; it came to {amount:money}.",
        "change_amount": "{what} comes to {after:money} instead of {before:money} ({difference:signed}).",
        "change_because": "{what}: {reasons}, so {after:money} instead of {before:money} ({difference:signed}).",
        "change_coupons": "Coupons come to {after:money} instead of {before:money} ({difference:signed}).",
        "change_tax": "Tax comes to {after:money} instead of {before:money} ({difference:signed}).",
        "change_others": "{count} other lines come to {after:money} instead of {before:money} ({difference:signed}).",
        "because_count": "{after} periods or deliveries instead of {before}",
        "because_days": "{after} of the days instead of {before}",
        "because_whole": "all",
        "because_quantity": "{after:number} instead of {before:number}",
        "because_price": "{after:money} instead of {before:money} each",
        "why_tax": "{rate:percent} on {base:money}. {basis}.",
        "why_credited_tax": (
            "The tax of the invoice on {base:money} at {rate:percent}, at most what is left of it. {basis}."
        ),
        "why_net_one": "Its one line.",
        "why_included": (
            "The prices include {rate:percent} tax: they come to {gross:money}, {base:money} without it. {basis}."
        ),
        "line_with_tax": "The price includes {rate:percent} tax: with it this is {gross:money}.",
        "each_with_tax": "{price} each including tax, {gross} in all",
        "prices_include_tax": "Prices include tax.",
        "why_net": "The sum of {count} lines.",
        "why_net_discounted": "The sum of {count} lines, less {discount:money} of coupons.",
        "discount": "Discount",
        "why_taxes": "The sum of the taxes, each rounded once for its rate.",
        "why_gross": "{net:money} without tax, and {tax:money} tax.",
        "accounted_tax": "Tax in {own}: {tax}, at {rate} {own} for 1 {currency}.",
        "set_off": "Set off against invoice {number}; what exceeds it stays as credit on your account.",
        "payable_within": "Payable within {days} days without deduction.",
        "payable_withheld": (
            "Payable within {days} days. You withhold {withheld} for the tax authority ({reasons}) and pay {rest}; "
            "please send us the certificate."
        ),
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
        "net_total": "Nettobetrag",
        "tax_total": "Steuer",
        "gross_total": "Gesamtbetrag",
        "since_title": "Was sich seit der Rechnung {number} geändert hat",
        "since_same": "Der Gesamtbetrag ist der der Rechnung {number} vom {day:day}.",
        "since_more": ("Das sind {difference:money} mehr als die Rechnung {number} vom {day:day} über {before:money}."),
        "since_less": (
            "Das sind {difference:money} weniger als die Rechnung {number} vom {day:day} über {before:money}."
        ),
        "change_new": "{what} ist neu: {amount:money}.",
        "change_gone": "{what} wird diesmal nicht berechnet; es waren {amount:money}.",
        "change_amount": "{what} ergibt {after:money} statt {before:money} ({difference:signed}).",
        "change_because": "{what}: {reasons}, also {after:money} statt {before:money} ({difference:signed}).",
        "change_coupons": "Gutscheine ergeben {after:money} statt {before:money} ({difference:signed}).",
        "change_tax": "Die Steuer ergibt {after:money} statt {before:money} ({difference:signed}).",
        "change_others": "{count} weitere Positionen ergeben {after:money} statt {before:money} ({difference:signed}).",
        "because_count": "{after} Zeiträume oder Lieferungen statt {before}",
        "because_days": "{after} der Tage statt {before}",
        "because_whole": "alle",
        "because_quantity": "{after:number} statt {before:number}",
        "because_price": "je {after:money} statt {before:money}",
        "why_tax": "{rate:percent} auf {base:money}. {basis}.",
        "why_credited_tax": (
            "Die Steuer der Rechnung auf {base:money} zu {rate:percent}, höchstens was davon übrig ist. {basis}."
        ),
        "why_net_one": "Die eine Position.",
        "why_included": (
            "Die Preise enthalten {rate:percent} Steuer: Sie ergeben {gross:money}, ohne Steuer {base:money}. {basis}."
        ),
        "line_with_tax": "Der Preis enthält {rate:percent} Steuer: mit ihr sind es {gross:money}.",
        "each_with_tax": "je {price} inklusive Steuer, zusammen {gross}",
        "prices_include_tax": "Die Preise enthalten die Steuer.",
        "why_net": "Die Summe von {count} Positionen.",
        "why_net_discounted": "Die Summe von {count} Positionen, abzüglich {discount:money} aus Gutscheinen.",
        "discount": "Rabatt",
        "why_taxes": "Die Summe der Steuern, jede für ihren Satz einmal gerundet.",
        "why_gross": "{net:money} ohne Steuer, und {tax:money} Steuer.",
        "accounted_tax": "Steuer in {own}: {tax}, bei {rate} {own} für 1 {currency}.",
        "set_off": "Wird mit der Rechnung {number} verrechnet; ein Überschuss bleibt als Guthaben bestehen.",
        "payable_within": "Zahlbar innerhalb von {days} Tagen ohne Abzug.",
        "payable_withheld": (
            "Zahlbar innerhalb von {days} Tagen. Sie behalten {withheld} für das Finanzamt ein ({reasons}) und zahlen "
            "{rest}; bitte senden Sie uns die Bescheinigung."
        ),
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
        "net_total": "Total net",
        "tax_total": "TVA",
        "gross_total": "Total",
        "since_title": "Ce qui a changé depuis la facture {number}",
        "since_same": "Le total est celui de la facture {number} du {day:day}.",
        "since_more": "C'est {difference:money} de plus que la facture {number} du {day:day}, de {before:money}.",
        "since_less": ("C'est {difference:money} de moins que la facture {number} du {day:day}, de {before:money}."),
        "change_new": "{what} est nouveau : {amount:money}.",
        "change_gone": "{what} n'est pas facturé cette fois ; c'était {amount:money}.",
        "change_amount": "{what} fait {after:money} au lieu de {before:money} ({difference:signed}).",
        "change_because": "{what} : {reasons}, donc {after:money} au lieu de {before:money} ({difference:signed}).",
        "change_coupons": "Les bons de réduction font {after:money} au lieu de {before:money} ({difference:signed}).",
        "change_tax": "La taxe fait {after:money} au lieu de {before:money} ({difference:signed}).",
        "change_others": "{count} autres lignes font {after:money} au lieu de {before:money} ({difference:signed}).",
        "because_count": "{after} périodes ou livraisons au lieu de {before}",
        "because_days": "{after} des jours au lieu de {before}",
        "because_whole": "tous",
        "because_quantity": "{after:number} au lieu de {before:number}",
        "because_price": "{after:money} au lieu de {before:money} l'unité",
        "why_tax": "{rate:percent} sur {base:money}. {basis}.",
        "why_credited_tax": (
            "La taxe de la facture sur {base:money} à {rate:percent}, au plus ce qui en reste. {basis}."
        ),
        "why_net_one": "Sa seule ligne.",
        "why_included": (
            "Les prix comprennent {rate:percent} de taxe : ils font {gross:money}, soit {base:money} hors taxe. "
            "{basis}."
        ),
        "line_with_tax": "Le prix comprend {rate:percent} de taxe : cela fait {gross:money} TTC.",
        "each_with_tax": "{price} l'unité TTC, {gross} au total",
        "prices_include_tax": "Les prix comprennent la taxe.",
        "why_net": "La somme de {count} lignes.",
        "why_net_discounted": "La somme de {count} lignes, moins {discount:money} de bons de réduction.",
        "discount": "Remise",
        "why_taxes": "La somme des taxes, chacune arrondie une fois pour son taux.",
        "why_gross": "{net:money} hors taxe, et {tax:money} de taxe.",
        "accounted_tax": "TVA en {own} : {tax}, à {rate} {own} pour 1 {currency}.",
        "set_off": "Imputé sur la facture {number} ; l'excédent reste un avoir sur votre compte.",
        "payable_within": "Payable sous {days} jours sans escompte.",
        "payable_withheld": (
            "Payable sous {days} jours. Vous retenez {withheld} pour l'administration fiscale ({reasons}) et payez "
            "{rest} ; merci de nous envoyer l'attestation."
        ),
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
    """A sentence in the language of a locale tag, English where we have no other; amounts are in `currency`."""
    words = PHRASES.get(locale[:2].lower(), PHRASES["en"])
    return fill(words[key], values, currency=str(values.get("currency", "")), locale=locale)
