"""What rules refuse in the portal, in French: their English sentences, `{}` for what varies."""

REFUSALS = {
    # documents
    "There is no {} with the id {}.": "Il n'y a rien ici sous l'identifiant {1}.",
    "There is no such quote.": "Ce devis n'existe pas.",
    "There is no such contract.": "Ce contrat n'existe pas.",
    "There is no agreement {}.": "Ce contrat n'existe pas.",
    "There is no such order.": "Cette commande n'existe pas.",
    "There is no such installation.": "Cette intervention n'existe pas.",
    "There is no such subscription.": "Cet abonnement n'existe pas.",
    "There is no such invoice.": "Cette facture n'existe pas.",
    "There is no such issued invoice.": "Cette facture n'existe pas.",
    "There is no issued invoice {}.": "Cette facture n'existe pas.",
    "There is no such credit note.": "Cet avoir n'existe pas.",
    "There is no such dispute.": "Cette contestation n'existe pas.",
    "There is no such payment.": "Ce paiement n'existe pas.",
    "There is no such payment intent.": "Ce paiement n'existe pas.",
    "There is no file {}.": "Ce fichier n'existe pas.",
    # any form or address
    "Cannot {} this {}: it is {}, not {}.": "Ce n'est plus possible : quelque chose a changé entre-temps.",
    "This form was sent before, with other values.": "Ce formulaire a déjà été envoyé avec d'autres valeurs.",
    "See what came of it, then open the form anew.": "Voyez ce qu'il en est, puis ouvrez de nouveau le formulaire.",
    "A text holds a NUL character.": "Un texte contient un caractère qui n'existe pas.",
    "There is nothing at this address: it holds a NUL character.": "Il n'y a rien à cette adresse.",
    "This cursor is not one of ours.": "Cette page de la liste n'existe pas.",
    "{} is no month such as 2026-03.": "{0} n'est pas un mois comme 2026-03.",
    "Give a first day and a later day, at most {} days apart.": (
        "Indiquez un premier jour et un jour plus tardif, à {0} jours d'écart au plus."
    ),
    "Ask for fewer days.": "Demandez moins de jours.",
    # quotes and contracts
    "Say who accepts: a name of 1 to 200 characters.": "Qui accepte ? Un nom de 1 à 200 caractères.",
    "Give the e-mail address of the person who accepts.": "Indiquez l'adresse e-mail de la personne qui accepte.",
    "{} could be accepted until {}.": "{0} pouvait être accepté jusqu'au {1}.",
    "Ask for a new version.": "Demandez une nouvelle version.",
    "{} is not active ({}): nothing new is agreed with it.": "Rien de nouveau n'est convenu avec {0} pour le moment.",
    "{} already has the agreement {}.": "{0} a déjà donné le contrat {1}.",
    "A signer has a name of 1 to 200 characters.": "Le nom du signataire a de 1 à 200 caractères.",
    "{} is no e-mail address.": "{0} n'est pas une adresse e-mail.",
    "A position has 200 characters at most.": "Une fonction a 200 caractères au plus.",
    "This link to sign is not valid.": "Ce lien de signature n'est pas valable.",
    "Ask the sender for a new one.": "Demandez-en un nouveau à l'expéditeur.",
    "There is nothing to sign.": "Il n'y a rien à signer.",
    "This is no longer the document that was sent to you.": "Ce n'est plus le document qui vous a été envoyé.",
    "Ask for it to be sent again.": "Demandez qu'il soit envoyé de nouveau.",
    "Type your name to sign.": "Saisissez votre nom pour signer.",
    "Agree to sign electronically.": "Acceptez de signer électroniquement.",
    "This is to be signed by {}: type that name to sign.": "C'est à {0} de signer : saisissez ce nom pour signer.",
    "Say why.": "Dites pourquoi.",
    # work on site
    "The work was done on {}, and not accepted before.": (
        "L'intervention a eu lieu le {0} et n'a pas été acceptée avant."
    ),
    "This must be given.": "Il manque cette indication.",
    "This has {} characters at most.": "{0} caractères au plus.",
    # invoices, payments and disputes
    "{} cannot be disputed: {} of the invoice is open and undisputed.": (
        "{0} ne peuvent être contestés : {1} de la facture sont ouverts et non contestés."
    ),
    "The amount is more than zero, in whole minor units.": "Le montant est supérieur à zéro, en centimes entiers.",
    "The customer has no such invoice there.": "Cette facture n'existe pas.",
    "Nothing is open on invoice {}.": "Il ne reste rien à payer sur la facture {0}.",
    "Only {} is open on invoice {}.": "Il ne reste que {0} à payer sur la facture {1}.",
    "A charge of {} for invoice {} is not finished.": "Un paiement par carte de {0} pour la facture {1} est en cours.",
    "Wait for its outcome, or give it up first.": "Attendez ce qu'il en advient.",
    "A charge is above zero and has at most {} decimals.": (
        "Le montant est supérieur à zéro et a {0} décimales au plus."
    ),
}
