"""The sentences of the rules in French."""

FRENCH = {
    "other": "Calculé à partir de {names} : {result:money}.",
    "number": "{result:number}.",
    # prix
    "charge.flat": "Le prix est de {price:money}, quelle que soit la quantité[, moins une remise de "
    "{discount_percent:percent}] : {result:money}.",
    "charge.unit": "{quantity:number} × {price:money}[, moins une remise de {discount_percent:percent}][, au moins "
    "{minimum:money}][, au plus {maximum:money}] : {result:money}.",
    "charge.graduated": "Chaque part des {quantity:number} unités coûte le prix de son palier[, moins une remise "
    "de {discount_percent:percent}][, au moins {minimum:money}][, au plus {maximum:money}] : {result:money}.",
    "charge.volume": "Les {quantity:number} unités coûtent toutes le prix de cette quantité[ : {unit_price:money} "
    "l'unité][, et {flat_fee:money} une fois][, moins une remise de {discount_percent:percent}][, au moins "
    "{minimum:money}][, au plus {maximum:money}] : {result:money}.",
    "charge.package": "{quantity:number} unités en lots de {package_size:number}, chaque lot entamé à "
    "{price:money}[, moins une remise de {discount_percent:percent}] : {result:money}.",
    "charge.percentage": "[{percent:percent} de {amount:money}][ sans {free:money} gratuits][Les frais de "
    "{payments:count} paiements][, et {fixed_fee:money} chacun] : {result:money}.",
    "charge.payment": "[{percent:percent} de {amount:money}][Un paiement de {payment:money}][, dont {free:money} "
    "gratuits][, et {fixed_fee:money} par paiement][, au moins {payment_minimum:money}][, au plus "
    "{payment_maximum:money}] : {result:money}.",
    "charge.graduated_percentage": "Chaque part de {amount:money} au pourcentage de son palier : {result:money}.",
    "charge.overage": "[Sur {quantity:number} unités, {included_units:number} sont comprises ; le reste est "
    "facturé.][{price:money} avec ce qui est compris, et {tiers:money} pour ce qui le dépasse.]",
    "charge.matrix": "{quantity:number} × {price:money}[, le prix pour {note}] : {result:money}.",
    "charge.pre_rated": "Le montant a été transmis avec la consommation : {result:money}.",
    "charge.formula": "Selon la formule convenue, pour {quantity:number} unités : {result:money}.",
    "charge.graduated_prorated": "Chaque changement de quantité coûte le prix de son palier pour les jours où il "
    "compte[ : {changes:money}][, et les paliers {flat_fees:money}] : {result:money}.",
    "charge.volume_prorated": "{prorated_units:number} unités, selon les jours où elles comptent, à "
    "{unit_price:money} l'unité[, et {flat_fee:money} une fois] : {result:money}.",
    "charge.change": "{prorated_units:number} unités, selon les jours où elles comptent, à {unit_price:money} "
    "l'unité : {result:money}.",
    "charge.tier": "Les unités de {start:number} à {end:number}[ à {unit_price:money} l'unité][ à "
    "{percent:percent}][, et {flat_fee:money} pour le palier] : {result:money}.",
    "charge.quantity": "{metered:number} ont été mesurées[, divisées par {divide_by:number}][, multipliées par "
    "{multiply_by:number}][, dont {free_units:number} gratuites] : {result:number} sont facturées.",
    "charge.part": "La période atteint {total:money}[, dont {billed_before:money} déjà facturés] : {result:money}.",
    "price.without_tax": "Le prix catalogue TTC est de {price_with_tax:money}. Il contient {tax_percent:percent} de "
    "taxe, soit {included_tax:money} : {result:money} hors taxe.",
    "price.tier": "{list_amount:money} pour {quantity:number}, soit {result:money} l'unité.",
    "price.net": "Le prix catalogue de {tier_price:money}[, moins {line_discount:percent} sur cette ligne][, moins "
    "{document_discount:percent} sur tout le devis] : {result:money} l'unité.",
    "line.total": "{quantity:number} × {unit_price:money}[, {intervals:times} fois sur la durée] : {result:money}.",
    "subscriptions.uplift": "Le prix était de {old_price:money} et change de {percent:percent} au renouvellement : "
    "{result:money}.",
    "subscriptions.index_rise": "L'indice ({note}) est passé de {index_before:number} à {index_now:number}[, au "
    "moins {floor:percent}][, au plus {cap:percent}] : {result:percent}.",
    # factures
    "billing.unit": "{quantity:number} × {unit_price:money} livrés : {result:money}.",
    "billing.unit.period": "{quantity:number} × {unit_price:money} pour la période du {start:day} au {end:day} : "
    "{result:money}.",
    "billing.prorated": "Le service a couru {days:number} des {days_of_period:number} jours de sa période[ (du "
    "{start:day} au {end:day})] ; cette part de {quantity:number} × {unit_price:money} est facturée : {result:money}.",
    "billing.delivered_share": "{delivered:number} de la ligne sont livrés à ce jour[, dont "
    "{delivered_before:number} auparavant et facturés alors] : {result:money}.",
    "billing.correction": "Les conditions et livraisons donnent désormais {planned:money} ; {billed:money} étaient "
    "déjà facturés. La différence : {result:money}.",
    "billing.usage": "Consommation de {quantity:number} à {unit_price:money} l'unité : {result:money}.",
    "billing.added": "La consommation de la période atteint {after:money}[, dont {before:money} déjà facturés]. "
    "Voici ce qui s'y ajoute : {result:money}.",
    "billing.add_on": "L'option coûte {price:money} pour une période entière : {result:money}.",
    "billing.minimum": "Un minimum de {minimum:money} était convenu pour la période. La consommation est restée en "
    "dessous ; il manque {result:money}.",
    "billing.termination": "Il reste {periods:number} périodes à {quantity:number} × {price:money}. Pour une fin "
    "anticipée, {percent:percent} en sont dus[, et {fixed:money}] : {result:money}.",
    "billing.taken_back": "{too_much:money} avaient été facturés en trop et sont repris.",
    "billing.unused": "Les jours non utilisés font {unused:money}[, dont {given_before:money} déjà rendus] : "
    "{result:money}.",
    "billing.early": "La consommation atteint {usage:money}[, dont {billed:money} déjà facturés]. Son seuil est "
    "atteint, le reste est facturé maintenant : {result:money}.",
    "commitments.true_up": "{committed:money} étaient promis et {drawn:money} consommés[ ; {billed:money} du reste "
    "étaient déjà facturés]. Il reste {result:money}.",
    "invoices.deduction": "{billed_before:money} ont été facturés auparavant et sont déduits avec leur taxe.",
    "invoices.without_tax": "Le prix de {gross:money} contient {tax:money} de taxe : {result:money} sans elle.",
    "invoices.included_tax": "Les prix TTC ({prices_with_tax:count}) ensemble[, moins {coupons_with_tax:money} de bons "
    "de réduction], sans les {base:money} qu'ils valent hors taxe : {result:money}.",
    "invoices.tax": "{rate:percent} de {base:money}[, et {rounded_elsewhere:money} d'arrondi ou d'une facture "
    "précédente] : {result:money}.",
    "invoices.tax_total": "La somme de {taxes:count} taxes, chacune arrondie une fois pour son taux : {result:money}.",
    "invoices.net": "Les lignes ({lines:count}) ensemble[, moins {coupons:money} de bons de réduction] : "
    "{result:money}.",
    "invoices.gross": "[{net:money} hors taxe][{lines:money} par les lignes][, bons {coupons:money}][, et "
    "{tax:money} de taxe][, et {taxes:money} de taxe] : {result:money}.",
    "invoices.coupons": "Ce que les bons retirent : {result:money}.",
    "invoices.open_amount": "Sur {gross:money}[, {credited:money} ont été crédités][, {paid:money} payés][, "
    "{written_off:money} passés en perte][, {paid_by_credit:money} payés par avoir] : {result:money} restent ouverts.",
    "invoices.open": "Ce qui reste de {total:money} après tout ce qui l'a réglé : {result:money}.",
    "credit_notes.line": "{result:money} sur {billed:money} facturés sont repris[ ; {credited_before:money} "
    "l'étaient déjà].",
    "credit_notes.tax": "La taxe sur l'avoir : {result:money}.",
    "credit_notes.gross": "{lines:money} par les lignes[, bons {coupons:money}][, et {taxes:money} de taxe] : "
    "{result:money}.",
    # revenus et livres
    "revenue.stated_price": "Cette partie du contrat garde son propre prix : {result:money}.",
    "revenue.relative_stand_alone_price": "Le prix de {price:money} est réparti selon ce que chaque partie "
    "coûterait seule. Celle-ci coûterait {stand_alone:money} sur {stand_alone_total:money}[, avec {odd:money} "
    "d'arrondi] et reçoit {result:money}.",
    "revenue.reallocated": "C'était d'abord {first:money} ; les changements du contrat ajoutent {changed:money} : "
    "{result:money}.",
    "revenue.to_date": "Acquis à ce jour[ : {base:money} avant le changement du contrat][ : {layers:money} par ce "
    "qui est livré][ : {done:number} sur {whole:number} (jours ou unités) de {price:money}][, bons {coupons:money}]"
    "[. {before:money} étaient déjà constatés] : {result:money}.",
    "revenue.at_once": "Tout est acquis en une fois : {result:money}.",
    "revenue.layer": "{done:number} sur {whole:number} (jours ou unités) sont livrés ; cette part de {price:money} "
    "est acquise : {result:money}.",
    "revenue.open_ended": "Le service a acquis {stretches:money} à ce jour[, moins {given:money} rendus][. "
    "{before:money} étaient déjà constatés] : {result:money}.",
    "revenue.intervals": "[{whole:number} périodes entières à {price:money}, et ]{days:number} des {length:number} "
    "jours de celle en cours à {interval_price:money} : {result:money}.",
    "revenue.stretch": "{amount:money} sont acquis également sur {whole:number} jours. À la fin du mois "
    "{days:number} sont passés[, dont {days_before:number} avant lui] : {result:money}.",
    "revenue.billed": "Ce qui a été facturé acquiert {stretches:money} ce mois-ci[ ; {posted:money} étaient déjà "
    "constatés] : {result:money}.",
    "revenue.difference": "{to_date:money} à la fin du jour[ ; {before:money} étaient déjà passés] : {result:money}.",
    "revenue.obligation_to_date": "{progress:share} de {price:money} sont remplis[, et {beside:money} viennent de "
    "changements, de consommation ou de redevances] : {result:money}.",
    "revenue.ssp_median": "Le milieu des prix observés, entre {lower:money} et {upper:money} : {result:money}.",
    "book.difference": "Ce livre dit {in_the_book:money}, le précédent {before:money}[ ; {posted:money} en sont "
    "déjà passés] : {result:money}.",
    "ledger.line": "Passé sur {note} : {result:money}.",
    "ledger.entry": "[Débits ({debits:count})][Crédits ({credits:count})] : {result:money}.",
    "metrics.days_sales_outstanding": "[{receivable:money} sont ouverts sur {invoiced:money} facturés en "
    "{days:number} jours : {result:number} jours.]",
}
