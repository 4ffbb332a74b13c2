"""The few sentences of invoices, credit notes and their mails, in the languages of the documents."""

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "net_total": "Net total",
        "tax_total": "Tax",
        "gross_total": "Total",
        "why_unit": "{quantity} × {unit_price} {currency} was delivered: {amount} {currency}.",
        "why_period": "{quantity} × {unit_price} {currency} for the period from {start} to {end}: {amount} {currency}.",
        "why_prorated": (
            "The service ran {days} of the {days_of_period} days of its period ({start} to {end}), so that share of "
            "{quantity} × {unit_price} {currency} is charged: {amount} {currency}."
        ),
        "why_share": (
            "{delivered} of the line were delivered by now, {delivered_before} of them before and billed then; this is "
            "what the rest adds: {amount} {currency}."
        ),
        "why_correction": (
            "The terms or deliveries now come to {planned} {currency}; {billed} {currency} was billed before. This is "
            "the difference: {amount} {currency}."
        ),
        "why_credited": (
            "{amount} {currency} of {billed} {currency} billed is taken back; {credited_before} {currency} was taken "
            "back before."
        ),
        "why_rule": "Computed by {rule}: {amount} {currency}.",
        "why_usage": "Usage of {quantity} at {unit_price} {currency} each: {amount} {currency}.",
        "why_priced": (
            "Usage of {quantity} at the prices that were agreed; the steps stand with it: {amount} {currency}."
        ),
        "why_added": (
            "All usage of the period comes to {after} {currency}, of which {before} {currency} was billed before. "
            "This is what was added: {amount} {currency}."
        ),
        "why_add_on": "The add-on costs {price} {currency} for a whole period: {amount} {currency}.",
        "why_minimum": (
            "A minimum of {minimum} {currency} was agreed for the period. What was used came to less; this is "
            "what is missing to it: {amount} {currency}."
        ),
        "why_termination": (
            "The term has {periods} periods left at {quantity} × {price} {currency}; {percent} % of that are due for "
            "ending before, and {fixed} {currency}."
        ),
        "why_true_up": "{committed} {currency} were committed and {drawn} {currency} were billed; this is the rest.",
        "why_taken_back": "{too_much} {currency} were billed too much before, and are taken back.",
        "why_unused": (
            "The days that are not used come to {unused} {currency}, of which {given_before} {currency} were "
            "given back before: {amount} {currency}."
        ),
        "why_early": (
            "Usage has come to {usage} {currency}, of which {billed} {currency} was billed before. Its threshold "
            "was reached, so the rest is billed now: {amount} {currency}."
        ),
        "why_deduction": (
            "{billed_before} {currency} were billed on an earlier invoice, and are taken off with the tax of it."
        ),
        "why_without_tax": (
            "The price of {gross} {currency} holds {tax} {currency} of tax: {amount} {currency} without it."
        ),
        "since_title": "What changed since invoice {number}",
        "since_same": "The total is that of invoice {number} of {day}.",
        "since_more": (
            "This is {difference} {currency} more than invoice {number} of {day}, which came to {before} {currency}."
        ),
        "since_less": (
            "This is {difference} {currency} less than invoice {number} of {day}, which came to {before} {currency}."
        ),
        "change_new": "{what} is new: {amount} {currency}.",
        "change_gone": "{what} is not billed this time; it came to {amount} {currency}.",
        "change_amount": "{what} comes to {after} instead of {before} {currency} ({difference}).",
        "change_because": "{what}: {reasons}, so {after} instead of {before} {currency} ({difference}).",
        "change_coupons": "Coupons come to {after} instead of {before} {currency} ({difference}).",
        "change_tax": "Tax comes to {after} instead of {before} {currency} ({difference}).",
        "change_others": "{count} other lines come to {after} instead of {before} {currency} ({difference}).",
        "because_count": "{after} periods or deliveries instead of {before}",
        "because_days": "{after} of the days instead of {before}",
        "because_whole": "all",
        "because_quantity": "{after} instead of {before}",
        "because_price": "{after} instead of {before} {currency} each",
        "why_tax": "{rate} % on {base}. {basis}.",
        "why_credited_tax": "The tax of the invoice on {base} at {rate} %, at most what is left of it. {basis}.",
        "why_net": "The sum of {count} lines.",
        "why_net_discounted": "The sum of {count} lines, less {discount} of coupons.",
        "discount": "Discount",
        "why_taxes": "The sum of the taxes, each rounded once for its rate.",
        "why_gross": "Net total and tax.",
        "accounted_tax": "Tax in {own}: {tax} {own}, at {rate} {own} for 1 {currency}.",
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
        "why_unit": "{quantity} × {unit_price} {currency} wurde geliefert: {amount} {currency}.",
        "why_period": "{quantity} × {unit_price} {currency} für den Zeitraum {start} bis {end}: {amount} {currency}.",
        "why_prorated": (
            "Der Dienst lief {days} der {days_of_period} Tage des Zeitraums (von {start} bis {end}); so viel von "
            "{quantity} × {unit_price} {currency} wird berechnet: {amount} {currency}."
        ),
        "why_share": (
            "{delivered} der Position sind bisher geliefert, davon {delivered_before} früher und damals berechnet; der "
            "Rest ergibt {amount} {currency}."
        ),
        "why_correction": (
            "Nach den heutigen Bedingungen und Lieferungen sind es {planned} {currency}; {billed} {currency} wurden "
            "schon berechnet. Der Unterschied: {amount} {currency}."
        ),
        "why_credited": (
            "{amount} {currency} von {billed} {currency} werden gutgeschrieben; {credited_before} {currency} wurden es "
            "schon früher."
        ),
        "why_rule": "Berechnet nach {rule}: {amount} {currency}.",
        "why_usage": "Verbrauch von {quantity} zu je {unit_price} {currency}: {amount} {currency}.",
        "why_priced": (
            "Verbrauch von {quantity} zu den vereinbarten Preisen; die Schritte stehen dabei: {amount} {currency}."
        ),
        "why_added": (
            "Der Verbrauch des Zeitraums ergibt {after} {currency}, davon wurden {before} {currency} schon "
            "berechnet. Hinzugekommen sind {amount} {currency}."
        ),
        "why_add_on": "Der Zusatz kostet {price} {currency} für einen ganzen Zeitraum: {amount} {currency}.",
        "why_minimum": (
            "Für den Zeitraum war ein Mindestbetrag von {minimum} {currency} vereinbart. Der Verbrauch lag "
            "darunter; es fehlen {amount} {currency}."
        ),
        "why_termination": (
            "Von der Laufzeit bleiben {periods} Zeiträume zu {quantity} × {price} {currency}; für das Ende davor sind "
            "davon {percent} % fällig, und {fixed} {currency}."
        ),
        "why_true_up": "Zugesagt waren {committed} {currency}, berechnet wurden {drawn} {currency}; dies ist der Rest.",
        "why_taken_back": "{too_much} {currency} wurden früher zu viel berechnet und werden zurückgenommen.",
        "why_unused": (
            "Die nicht genutzten Tage ergeben {unused} {currency}, davon wurden {given_before} {currency} schon "
            "gutgeschrieben: {amount} {currency}."
        ),
        "why_early": (
            "Der Verbrauch ergibt {usage} {currency}, davon wurden {billed} {currency} schon berechnet. Seine "
            "Schwelle ist erreicht, der Rest wird jetzt berechnet: {amount} {currency}."
        ),
        "why_deduction": (
            "{billed_before} {currency} wurden mit einer früheren Rechnung berechnet und samt deren Steuer abgezogen."
        ),
        "why_without_tax": (
            "Der Preis von {gross} {currency} enthält {tax} {currency} Steuer: ohne sie {amount} {currency}."
        ),
        "since_title": "Was sich seit der Rechnung {number} geändert hat",
        "since_same": "Der Gesamtbetrag ist der der Rechnung {number} vom {day}.",
        "since_more": (
            "Das sind {difference} {currency} mehr als die Rechnung {number} vom {day} über {before} {currency}."
        ),
        "since_less": (
            "Das sind {difference} {currency} weniger als die Rechnung {number} vom {day} über {before} {currency}."
        ),
        "change_new": "{what} ist neu: {amount} {currency}.",
        "change_gone": "{what} wird diesmal nicht berechnet; es waren {amount} {currency}.",
        "change_amount": "{what} ergibt {after} statt {before} {currency} ({difference}).",
        "change_because": "{what}: {reasons}, also {after} statt {before} {currency} ({difference}).",
        "change_coupons": "Gutscheine ergeben {after} statt {before} {currency} ({difference}).",
        "change_tax": "Die Steuer ergibt {after} statt {before} {currency} ({difference}).",
        "change_others": "{count} weitere Positionen ergeben {after} statt {before} {currency} ({difference}).",
        "because_count": "{after} Zeiträume oder Lieferungen statt {before}",
        "because_days": "{after} der Tage statt {before}",
        "because_whole": "alle",
        "because_quantity": "{after} statt {before}",
        "because_price": "je {after} statt {before} {currency}",
        "why_tax": "{rate} % auf {base}. {basis}.",
        "why_credited_tax": "Die Steuer der Rechnung auf {base} zu {rate} %, höchstens was davon übrig ist. {basis}.",
        "why_net": "Die Summe von {count} Positionen.",
        "why_net_discounted": "Die Summe von {count} Positionen, abzüglich {discount} aus Gutscheinen.",
        "discount": "Rabatt",
        "why_taxes": "Die Summe der Steuern, jede für ihren Satz einmal gerundet.",
        "why_gross": "Nettobetrag und Steuer.",
        "accounted_tax": "Steuer in {own}: {tax} {own}, bei {rate} {own} für 1 {currency}.",
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
        "why_unit": "{quantity} × {unit_price} {currency} livrés : {amount} {currency}.",
        "why_period": "{quantity} × {unit_price} {currency} pour la période du {start} au {end} : {amount} {currency}.",
        "why_prorated": (
            "Le service a couru {days} des {days_of_period} jours de sa période (du {start} au {end}) ; cette part de "
            "{quantity} × {unit_price} {currency} est facturée : {amount} {currency}."
        ),
        "why_share": (
            "{delivered} de la ligne sont livrés à ce jour, dont {delivered_before} auparavant et facturés alors ; le "
            "reste ajoute {amount} {currency}."
        ),
        "why_correction": (
            "Les conditions et livraisons donnent désormais {planned} {currency} ; {billed} {currency} étaient déjà "
            "facturés. La différence : {amount} {currency}."
        ),
        "why_credited": (
            "{amount} {currency} sur {billed} {currency} facturés sont repris ; {credited_before} {currency} l'étaient "
            "déjà."
        ),
        "why_rule": "Calculé par {rule} : {amount} {currency}.",
        "why_usage": "Consommation de {quantity} à {unit_price} {currency} l'unité : {amount} {currency}.",
        "why_priced": "Consommation de {quantity} aux prix convenus ; les étapes y sont jointes : {amount} {currency}.",
        "why_added": (
            "La consommation de la période atteint {after} {currency}, dont {before} {currency} déjà facturés. "
            "Voici ce qui s'y ajoute : {amount} {currency}."
        ),
        "why_add_on": "L'option coûte {price} {currency} pour une période entière : {amount} {currency}.",
        "why_minimum": (
            "Un minimum de {minimum} {currency} était convenu pour la période. La consommation est restée en "
            "dessous ; il manque {amount} {currency}."
        ),
        "why_termination": (
            "Il reste {periods} périodes à {quantity} × {price} {currency} ; {percent} % en sont dus pour une fin "
            "anticipée, et {fixed} {currency}."
        ),
        "why_true_up": "{committed} {currency} étaient promis et {drawn} {currency} facturés ; ceci est le reste.",
        "why_taken_back": "{too_much} {currency} avaient été facturés en trop et sont repris.",
        "why_unused": (
            "Les jours non utilisés font {unused} {currency}, dont {given_before} {currency} déjà rendus : "
            "{amount} {currency}."
        ),
        "why_early": (
            "La consommation atteint {usage} {currency}, dont {billed} {currency} déjà facturés. Son seuil est "
            "atteint, le reste est facturé maintenant : {amount} {currency}."
        ),
        "why_deduction": "{billed_before} {currency} ont été facturés auparavant et sont déduits avec leur taxe.",
        "why_without_tax": (
            "Le prix de {gross} {currency} contient {tax} {currency} de taxe : {amount} {currency} sans elle."
        ),
        "since_title": "Ce qui a changé depuis la facture {number}",
        "since_same": "Le total est celui de la facture {number} du {day}.",
        "since_more": "C'est {difference} {currency} de plus que la facture {number} du {day}, de {before} {currency}.",
        "since_less": (
            "C'est {difference} {currency} de moins que la facture {number} du {day}, de {before} {currency}."
        ),
        "change_new": "{what} est nouveau : {amount} {currency}.",
        "change_gone": "{what} n'est pas facturé cette fois ; c'était {amount} {currency}.",
        "change_amount": "{what} fait {after} au lieu de {before} {currency} ({difference}).",
        "change_because": "{what} : {reasons}, donc {after} au lieu de {before} {currency} ({difference}).",
        "change_coupons": "Les bons de réduction font {after} au lieu de {before} {currency} ({difference}).",
        "change_tax": "La taxe fait {after} au lieu de {before} {currency} ({difference}).",
        "change_others": "{count} autres lignes font {after} au lieu de {before} {currency} ({difference}).",
        "because_count": "{after} périodes ou livraisons au lieu de {before}",
        "because_days": "{after} des jours au lieu de {before}",
        "because_whole": "tous",
        "because_quantity": "{after} au lieu de {before}",
        "because_price": "{after} au lieu de {before} {currency} l'unité",
        "why_tax": "{rate} % sur {base}. {basis}.",
        "why_credited_tax": "La taxe de la facture sur {base} à {rate} %, au plus ce qui en reste. {basis}.",
        "why_net": "La somme de {count} lignes.",
        "why_net_discounted": "La somme de {count} lignes, moins {discount} de bons de réduction.",
        "discount": "Remise",
        "why_taxes": "La somme des taxes, chacune arrondie une fois pour son taux.",
        "why_gross": "Total net et taxe.",
        "accounted_tax": "TVA en {own} : {tax} {own}, à {rate} {own} pour 1 {currency}.",
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
    """A sentence in the language of a locale tag; English where we have no other."""
    words = PHRASES.get(locale[:2].lower(), PHRASES["en"])
    return words[key].format(**values)
