"""The sentences of the rules in English."""

ENGLISH = {
    "other": "Computed from {names}: {result:money}.",
    "number": "{result:number}.",
    # prices
    "charge.flat": "The price is {price:money}, whatever the quantity[, less a discount of "
    "{discount_percent:percent}]: {result:money}.",
    "charge.unit": "{quantity:number} × {price:money}[, less a discount of {discount_percent:percent}][, at least "
    "{minimum:money}][, at most {maximum:money}]: {result:money}.",
    "charge.graduated": "Each part of the {quantity:number} units costs the price of its step[, less a discount of "
    "{discount_percent:percent}][, at least {minimum:money}][, at most {maximum:money}]: {result:money}.",
    "charge.volume": "All {quantity:number} units cost the price for that many[: {unit_price:money} each][, and "
    "{flat_fee:money} once][, less a discount of {discount_percent:percent}][, at least {minimum:money}][, at most "
    "{maximum:money}]: {result:money}.",
    "charge.package": "{quantity:number} units in packages of {package_size:number}, each package begun at "
    "{price:money}[, less a discount of {discount_percent:percent}]: {result:money}.",
    "charge.percentage": "[{percent:percent} of {amount:money}][ without {free:money} that is free][The fees of "
    "{payments:count} payments][, and {fixed_fee:money} for each]: {result:money}.",
    "charge.payment": "[{percent:percent} of {amount:money}][A payment of {payment:money}][, of which {free:money} "
    "is free][, and {fixed_fee:money} for the payment][, at least {payment_minimum:money}][, at most "
    "{payment_maximum:money}]: {result:money}.",
    "charge.graduated_percentage": "Each part of {amount:money} at the percentage of its step: {result:money}.",
    "charge.overage": "[Of {quantity:number} units {included_units:number} are included; the rest is charged.]"
    "[{price:money} with what is included, and {tiers:money} for what goes beyond it.]",
    "charge.matrix": "{quantity:number} × {price:money}[, the price for {note}]: {result:money}.",
    "charge.pre_rated": "The amount was reported with the usage: {result:money}.",
    "charge.formula": "By the formula that was agreed, for {quantity:number} units: {result:money}.",
    "charge.graduated_prorated": "Each change of the quantity costs the price of its step for the days that it "
    "counts[: {changes:money}][, and the steps {flat_fees:money}]: {result:money}.",
    "charge.volume_prorated": "{prorated_units:number} units, by the days that they count, at {unit_price:money} "
    "each[, and {flat_fee:money} once]: {result:money}.",
    "charge.change": "{prorated_units:number} units, by the days that they count, at {unit_price:money} each: "
    "{result:money}.",
    "charge.tier": "The units from {start:number} to {end:number}[ at {unit_price:money} each][ at "
    "{percent:percent}][, and {flat_fee:money} for the step]: {result:money}.",
    "charge.quantity": "{metered:number} were measured[, divided by {divide_by:number}][, times "
    "{multiply_by:number}][, {free_units:number} of them free]: {result:number} are charged.",
    "charge.part": "The period has come to {total:money} by now[, of which {billed_before:money} was billed before]"
    ": {result:money}.",
    "price.without_tax": "The list price with tax is {price_with_tax:money}. It holds {tax_percent:percent} tax, which "
    "is {included_tax:money}: {result:money} without it.",
    "price.tier": "{list_amount:money} for {quantity:number}, so {result:money} each.",
    "price.net": "The list price of {tier_price:money}[, less {line_discount:percent} on this line][, less "
    "{document_discount:percent} on the whole quote]: {result:money} each.",
    "line.total": "{quantity:number} × {unit_price:money}[, {intervals:times} times over the term]: {result:money}.",
    "subscriptions.uplift": "The price was {old_price:money} and changes by {percent:percent} at the renewal: "
    "{result:money}.",
    "subscriptions.index_rise": "The index ({note}) went from {index_before:number} to {index_now:number}[, at "
    "least {floor:percent}][, at most {cap:percent}]: {result:percent}.",
    # bills
    "billing.unit": "{quantity:number} × {unit_price:money} was delivered: {result:money}.",
    "billing.unit.period": "{quantity:number} × {unit_price:money} for the period from {start:day} to {end:day}: "
    "{result:money}.",
    "billing.prorated": "The service ran {days:number} of the {days_of_period:number} days of its period[ "
    "({start:day} to {end:day})], so that share of {quantity:number} × {unit_price:money} is charged: {result:money}.",
    "billing.delivered_share": "{delivered:number} of the line were delivered by now[, {delivered_before:number} "
    "of them before and billed then; this is what the rest adds]: {result:money}.",
    "billing.correction": "The terms or deliveries now come to {planned:money}; {billed:money} was billed before. "
    "This is the difference: {result:money}.",
    "billing.usage": "Usage of {quantity:number} at {unit_price:money} each: {result:money}.",
    "billing.added": "All usage of the period comes to {after:money}[, of which {before:money} was billed before]. "
    "This is what was added: {result:money}.",
    "billing.add_on": "The add-on costs {price:money} for a whole period: {result:money}.",
    "billing.minimum": "A minimum of {minimum:money} was agreed for the period. What was used came to less; this "
    "is what is missing to it: {result:money}.",
    "billing.termination": "The term has {periods:number} periods left at {quantity:number} × {price:money}. For "
    "ending before, {percent:percent} of that is due[, and {fixed:money}]: {result:money}.",
    "billing.taken_back": "{too_much:money} was billed too much before, and is taken back.",
    "billing.unused": "The days that are not used come to {unused:money}[, of which {given_before:money} was given "
    "back before]: {result:money}.",
    "billing.early": "Usage has come to {usage:money}[, of which {billed:money} was billed before]. Its threshold "
    "was reached, so the rest is billed now: {result:money}.",
    "commitments.true_up": "{committed:money} was committed and {drawn:money} was drawn[; {billed:money} of the "
    "rest was billed before]. This is what is left: {result:money}.",
    "invoices.deduction": "{billed_before:money} was billed on an earlier invoice, and is taken off with its tax.",
    "invoices.without_tax": "The price of {gross:money} holds {tax:money} of tax: {result:money} without it.",
    "invoices.included_tax": "The prices with tax ({prices_with_tax:count}) together[, less {coupons_with_tax:money} "
    "of coupons], without the {base:money} that they are worth without tax: {result:money}.",
    "invoices.tax": "{rate:percent} of {base:money}[, and {rounded_elsewhere:money} from rounding or an earlier "
    "invoice]: {result:money}.",
    "invoices.tax_total": "The sum of {taxes:count} taxes, each rounded once for its rate: {result:money}.",
    "invoices.net": "The lines ({lines:count}) together[, less {coupons:money} of coupons]: {result:money}.",
    "invoices.gross": "[{net:money} without tax][{lines:money} by the lines][, coupons {coupons:money}][, and "
    "{tax:money} tax][, and {taxes:money} tax]: {result:money}.",
    "invoices.coupons": "What the coupons take off: {result:money}.",
    "invoices.open_amount": "Of {gross:money}[, {credited:money} was credited][, {paid:money} was paid][, "
    "{written_off:money} was written off][, {paid_by_credit:money} was paid by credit]: {result:money} is open.",
    "invoices.open": "What is left of {total:money} after all that settled it: {result:money}.",
    "credit_notes.line": "{result:money} of {billed:money} billed is taken back[; {credited_before:money} was "
    "taken back before].",
    "credit_notes.tax": "The tax on what is credited: {result:money}.",
    "credit_notes.gross": "{lines:money} by the lines[, coupons {coupons:money}][, and {taxes:money} tax]: "
    "{result:money}.",
    # revenue and the books
    "revenue.stated_price": "This part of the contract keeps its own price: {result:money}.",
    "revenue.relative_stand_alone_price": "The price of {price:money} is shared by what each part would cost "
    "alone. This one would cost {stand_alone:money} of {stand_alone_total:money}[, with {odd:money} from rounding], "
    "so it gets {result:money}.",
    "revenue.reallocated": "At first it was {first:money}; changes of the contract since then add {changed:money}: "
    "{result:money}.",
    "revenue.to_date": "Earned by now[: {base:money} before the contract changed][: {layers:money} by what was "
    "delivered][: {done:number} of {whole:number} (days or units) of {price:money}][, coupons {coupons:money}][. "
    "{before:money} of it was recognised before]: {result:money}.",
    "revenue.at_once": "All of it is earned at once: {result:money}.",
    "revenue.layer": "{done:number} of {whole:number} (days or units) are delivered, and {price:money} is earned "
    "in that share: {result:money}.",
    "revenue.open_ended": "The service has earned {stretches:money} by now[, less {given:money} that was given "
    "back][. {before:money} of it was recognised before]: {result:money}.",
    "revenue.intervals": "[{whole:number} whole periods at {price:money}, and ]{days:number} of {length:number} "
    "days of the running one at {interval_price:money}: {result:money}.",
    "revenue.stretch": "{amount:money} is earned evenly over {whole:number} days. By the end of the month "
    "{days:number} of them have passed[, {days_before:number} of them before it]: {result:money}.",
    "revenue.billed": "What was billed earns {stretches:money} in this month[; {posted:money} of it was recognised "
    "before]: {result:money}.",
    "revenue.difference": "{to_date:money} stands at the end of the day[; {before:money} of it was posted before]: "
    "{result:money}.",
    "revenue.obligation_to_date": "{progress:share} of {price:money} is fulfilled[, and {beside:money} comes from "
    "changes, usage or royalties]: {result:money}.",
    "revenue.ssp_median": "The middle of the prices seen, between {lower:money} and {upper:money}: {result:money}.",
    "book.difference": "This book says {in_the_book:money} where the one before it says {before:money}[; "
    "{posted:money} of that was posted already]: {result:money}.",
    "ledger.line": "Posted to {note}: {result:money}.",
    "ledger.entry": "[Debits ({debits:count})][Credits ({credits:count})]: {result:money}.",
    "metrics.days_sales_outstanding": "[{receivable:money} is open of {invoiced:money} invoiced in {days:number} "
    "days: {result:number} days.]",
}
