"""The sentences of the rules in German."""

GERMAN = {
    "other": "Berechnet aus {names}: {result:money}.",
    "number": "{result:number}.",
    # Preise
    "charge.flat": "Der Preis ist {price:money}, gleich welche Menge[, abzüglich {discount_percent:percent} Rabatt]"
    ": {result:money}.",
    "charge.unit": "{quantity:number} × {price:money}[, abzüglich {discount_percent:percent} Rabatt][, mindestens "
    "{minimum:money}][, höchstens {maximum:money}]: {result:money}.",
    "charge.graduated": "Jeder Teil der {quantity:number} Einheiten kostet den Preis seiner Stufe[, abzüglich "
    "{discount_percent:percent} Rabatt][, mindestens {minimum:money}][, höchstens {maximum:money}]: {result:money}.",
    "charge.volume": "Alle {quantity:number} Einheiten kosten den Preis dieser Menge[: je {unit_price:money}][, "
    "und einmal {flat_fee:money}][, abzüglich {discount_percent:percent} Rabatt][, mindestens {minimum:money}][, "
    "höchstens {maximum:money}]: {result:money}.",
    "charge.package": "{quantity:number} Einheiten in Paketen zu {package_size:number}, jedes begonnene Paket zu "
    "{price:money}[, abzüglich {discount_percent:percent} Rabatt]: {result:money}.",
    "charge.percentage": "[{percent:percent} von {amount:money}][ ohne {free:money}, die frei sind][Die Gebühren "
    "von {payments:count} Zahlungen][, und je {fixed_fee:money}]: {result:money}.",
    "charge.payment": "[{percent:percent} von {amount:money}][Eine Zahlung von {payment:money}][, davon "
    "{free:money} frei][, und {fixed_fee:money} je Zahlung][, mindestens {payment_minimum:money}][, höchstens "
    "{payment_maximum:money}]: {result:money}.",
    "charge.graduated_percentage": "Jeder Teil von {amount:money} zum Prozentsatz seiner Stufe: {result:money}.",
    "charge.overage": "[Von {quantity:number} Einheiten sind {included_units:number} enthalten; der Rest wird "
    "berechnet.][{price:money} mit dem, was enthalten ist, und {tiers:money} für das, was darüber liegt.]",
    "charge.matrix": "{quantity:number} × {price:money}[, der Preis für {note}]: {result:money}.",
    "charge.pre_rated": "Der Betrag wurde mit dem Verbrauch gemeldet: {result:money}.",
    "charge.formula": "Nach der vereinbarten Formel für {quantity:number} Einheiten: {result:money}.",
    "charge.graduated_prorated": "Jede Änderung der Menge kostet den Preis ihrer Stufe für die Tage, die sie "
    "zählt[: {changes:money}][, und die Stufen {flat_fees:money}]: {result:money}.",
    "charge.volume_prorated": "{prorated_units:number} Einheiten nach den Tagen, die sie zählen, zu je "
    "{unit_price:money}[, und einmal {flat_fee:money}]: {result:money}.",
    "charge.change": "{prorated_units:number} Einheiten nach den Tagen, die sie zählen, zu je {unit_price:money}: "
    "{result:money}.",
    "charge.tier": "Die Einheiten von {start:number} bis {end:number}[ zu je {unit_price:money}][ zu "
    "{percent:percent}][, und {flat_fee:money} für die Stufe]: {result:money}.",
    "charge.quantity": "Gemessen wurden {metered:number}[, geteilt durch {divide_by:number}][, mal "
    "{multiply_by:number}][, davon {free_units:number} frei]: berechnet werden {result:number}.",
    "charge.part": "Der Zeitraum ergibt bisher {total:money}[, davon wurden {billed_before:money} schon berechnet]"
    ": {result:money}.",
    "price.without_tax": "Der Listenpreis mit Steuer ist {price_with_tax:money}. Er enthält {tax_percent:percent} "
    "Steuer, das sind {included_tax:money}: ohne sie {result:money}.",
    "price.tier": "{list_amount:money} für {quantity:number}, also je {result:money}.",
    "price.net": "Der Listenpreis von {tier_price:money}[, abzüglich {line_discount:percent} auf diese Position][, "
    "abzüglich {document_discount:percent} auf das ganze Angebot]: je {result:money}.",
    "line.total": "{quantity:number} × {unit_price:money}[, {intervals:times}-mal über die Laufzeit]: {result:money}.",
    "subscriptions.uplift": "Der Preis war {old_price:money} und ändert sich bei der Verlängerung um "
    "{percent:percent}: {result:money}.",
    "subscriptions.index_rise": "Der Index ({note}) ging von {index_before:number} auf {index_now:number}[, "
    "mindestens {floor:percent}][, höchstens {cap:percent}]: {result:percent}.",
    # Rechnungen
    "billing.unit": "{quantity:number} × {unit_price:money} wurde geliefert: {result:money}.",
    "billing.unit.period": "{quantity:number} × {unit_price:money} für den Zeitraum {start:day} bis {end:day}: "
    "{result:money}.",
    "billing.prorated": "Der Dienst lief {days:number} der {days_of_period:number} Tage des Zeitraums[ "
    "({start:day} bis {end:day})]; so viel von {quantity:number} × {unit_price:money} wird berechnet: {result:money}.",
    "billing.delivered_share": "{delivered:number} der Position sind bisher geliefert[, davon "
    "{delivered_before:number} früher und damals berechnet]: {result:money}.",
    "billing.correction": "Nach den heutigen Bedingungen und Lieferungen sind es {planned:money}; {billed:money} "
    "wurden schon berechnet. Der Unterschied: {result:money}.",
    "billing.usage": "Verbrauch von {quantity:number} zu je {unit_price:money}: {result:money}.",
    "billing.added": "Der Verbrauch des Zeitraums ergibt {after:money}[, davon wurden {before:money} schon "
    "berechnet]. Hinzugekommen sind {result:money}.",
    "billing.add_on": "Der Zusatz kostet {price:money} für einen ganzen Zeitraum: {result:money}.",
    "billing.minimum": "Für den Zeitraum war ein Mindestbetrag von {minimum:money} vereinbart. Der Verbrauch lag "
    "darunter; es fehlen {result:money}.",
    "billing.termination": "Von der Laufzeit bleiben {periods:number} Zeiträume zu {quantity:number} × "
    "{price:money}. Für das frühere Ende sind davon {percent:percent} fällig[, und {fixed:money}]: {result:money}.",
    "billing.taken_back": "{too_much:money} wurden früher zu viel berechnet und werden zurückgenommen.",
    "billing.unused": "Die nicht genutzten Tage ergeben {unused:money}[, davon wurden {given_before:money} schon "
    "gutgeschrieben]: {result:money}.",
    "billing.early": "Der Verbrauch ergibt {usage:money}[, davon wurden {billed:money} schon berechnet]. Seine "
    "Schwelle ist erreicht, der Rest wird jetzt berechnet: {result:money}.",
    "commitments.true_up": "Zugesagt waren {committed:money}, abgerufen wurden {drawn:money}[; {billed:money} vom "
    "Rest wurden schon berechnet]. Es bleiben {result:money}.",
    "invoices.deduction": "{billed_before:money} wurden mit einer früheren Rechnung berechnet und samt Steuer "
    "abgezogen.",
    "invoices.without_tax": "Der Preis von {gross:money} enthält {tax:money} Steuer: ohne sie {result:money}.",
    "invoices.included_tax": "Die Preise mit Steuer ({prices_with_tax:count}) zusammen[, abzüglich "
    "{coupons_with_tax:money} aus Gutscheinen], ohne die {base:money}, die sie ohne Steuer wert sind: {result:money}.",
    "invoices.tax": "{rate:percent} auf {base:money}[, und {rounded_elsewhere:money} aus Rundung oder einer "
    "früheren Rechnung]: {result:money}.",
    "invoices.tax_total": "Die Summe von {taxes:count} Steuern, jede für ihren Satz einmal gerundet: {result:money}.",
    "invoices.net": "Die Positionen ({lines:count}) zusammen[, abzüglich {coupons:money} aus Gutscheinen]: "
    "{result:money}.",
    "invoices.gross": "[{net:money} ohne Steuer][{lines:money} durch die Positionen][, Gutscheine {coupons:money}]"
    "[, und {tax:money} Steuer][, und {taxes:money} Steuer]: {result:money}.",
    "invoices.coupons": "Was die Gutscheine abziehen: {result:money}.",
    "invoices.open_amount": "Von {gross:money}[ wurden {credited:money} gutgeschrieben][, {paid:money} bezahlt][, "
    "{written_off:money} abgeschrieben][, {paid_by_credit:money} mit Guthaben bezahlt]: offen sind {result:money}.",
    "invoices.open": "Was von {total:money} nach allem bleibt, was darauf kam: {result:money}.",
    "credit_notes.line": "{result:money} von {billed:money} werden gutgeschrieben[; {credited_before:money} wurden "
    "es schon früher].",
    "credit_notes.tax": "Die Steuer auf die Gutschrift: {result:money}.",
    "credit_notes.gross": "{lines:money} durch die Positionen[, Gutscheine {coupons:money}][, und {taxes:money} "
    "Steuer]: {result:money}.",
    # Erlöse und Bücher
    "revenue.stated_price": "Dieser Teil des Vertrags behält seinen eigenen Preis: {result:money}.",
    "revenue.relative_stand_alone_price": "Der Preis von {price:money} wird nach dem verteilt, was jeder Teil "
    "allein kosten würde. Dieser würde {stand_alone:money} von {stand_alone_total:money} kosten[, mit {odd:money} "
    "aus Rundung], und erhält {result:money}.",
    "revenue.reallocated": "Zuerst waren es {first:money}; Änderungen des Vertrags ergaben seitdem "
    "{changed:money}: {result:money}.",
    "revenue.to_date": "Bisher verdient[: {base:money} vor der Änderung des Vertrags][: {layers:money} durch das, "
    "was geliefert wurde][: {done:number} von {whole:number} (Tagen oder Einheiten) von {price:money}][, Gutscheine "
    "{coupons:money}][. Davon waren {before:money} schon erfasst]: {result:money}.",
    "revenue.at_once": "Alles ist auf einmal verdient: {result:money}.",
    "revenue.layer": "{done:number} von {whole:number} (Tagen oder Einheiten) sind geliefert; so viel von "
    "{price:money} ist verdient: {result:money}.",
    "revenue.open_ended": "Der Dienst hat bisher {stretches:money} verdient[, abzüglich {given:money}, die "
    "nachgelassen wurden][. Davon waren {before:money} schon erfasst]: {result:money}.",
    "revenue.intervals": "[{whole:number} ganze Zeiträume zu {price:money}, und ]{days:number} von {length:number} "
    "Tagen des laufenden zu {interval_price:money}: {result:money}.",
    "revenue.stretch": "{amount:money} werden gleichmäßig über {whole:number} Tage verdient. Bis zum Ende des "
    "Monats sind {days:number} davon vergangen[, {days_before:number} vor ihm]: {result:money}.",
    "revenue.billed": "Was berechnet wurde, verdient in diesem Monat {stretches:money}[; davon waren "
    "{posted:money} schon erfasst]: {result:money}.",
    "revenue.difference": "Am Ende des Tages stehen {to_date:money}[; davon waren {before:money} schon gebucht]: "
    "{result:money}.",
    "revenue.obligation_to_date": "{progress:share} von {price:money} sind erfüllt[, und {beside:money} kommen aus "
    "Änderungen, Verbrauch oder Lizenzen]: {result:money}.",
    "revenue.ssp_median": "Die Mitte der gesehenen Preise, zwischen {lower:money} und {upper:money}: {result:money}.",
    "book.difference": "Dieses Buch sagt {in_the_book:money}, das vorige {before:money}[; {posted:money} davon "
    "sind schon gebucht]: {result:money}.",
    "ledger.line": "Gebucht auf {note}: {result:money}.",
    "ledger.entry": "[Soll ({debits:count})][Haben ({credits:count})]: {result:money}.",
    "metrics.days_sales_outstanding": "[Offen sind {receivable:money} von {invoiced:money}, die in {days:number} "
    "Tagen berechnet wurden: {result:number} Tage.]",
}
