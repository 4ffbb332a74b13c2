"""What rules refuse in the portal, in German: their English sentences, `{}` for what varies."""

REFUSALS = {
    # documents
    "There is no {} with the id {}.": "Unter der Kennung {1} gibt es hier nichts.",
    "There is no such quote.": "Dieses Angebot gibt es nicht.",
    "There is no such contract.": "Diesen Vertrag gibt es nicht.",
    "There is no agreement {}.": "Diesen Vertrag gibt es nicht.",
    "There is no such order.": "Diesen Auftrag gibt es nicht.",
    "There is no such installation.": "Diese Arbeit gibt es nicht.",
    "There is no such subscription.": "Dieses Abonnement gibt es nicht.",
    "There is no such invoice.": "Diese Rechnung gibt es nicht.",
    "There is no such issued invoice.": "Diese Rechnung gibt es nicht.",
    "There is no issued invoice {}.": "Diese Rechnung gibt es nicht.",
    "There is no such credit note.": "Diese Gutschrift gibt es nicht.",
    "There is no such dispute.": "Diese Beanstandung gibt es nicht.",
    "There is no such payment.": "Diese Zahlung gibt es nicht.",
    "There is no such payment intent.": "Diese Zahlung gibt es nicht.",
    "There is no file {}.": "Diese Datei gibt es nicht.",
    # any form or address
    "Cannot {} this {}: it is {}, not {}.": "Das geht nicht mehr: es hat sich inzwischen etwas geändert.",
    "This form was sent before, with other values.": "Dieses Formular wurde schon mit anderen Angaben gesandt.",
    "See what came of it, then open the form anew.": (
        "Sehen Sie nach, was daraus wurde, und öffnen Sie das Formular dann neu."
    ),
    "A text holds a NUL character.": "Ein Text enthält ein Zeichen, das es nicht gibt.",
    "There is nothing at this address: it holds a NUL character.": "Unter dieser Adresse gibt es nichts.",
    "This cursor is not one of ours.": "Diese Seite der Liste gibt es nicht.",
    "{} is no month such as 2026-03.": "{0} ist kein Monat wie 2026-03.",
    "Give a first day and a later day, at most {} days apart.": (
        "Geben Sie einen ersten und einen späteren Tag an, höchstens {0} Tage auseinander."
    ),
    "Ask for fewer days.": "Fragen Sie nach weniger Tagen.",
    # quotes and contracts
    "Say who accepts: a name of 1 to 200 characters.": "Wer nimmt an? Ein Name von 1 bis 200 Zeichen.",
    "Give the e-mail address of the person who accepts.": "Geben Sie die E-Mail-Adresse dessen an, der annimmt.",
    "{} could be accepted until {}.": "{0} konnte bis {1} angenommen werden.",
    "Ask for a new version.": "Bitten Sie um eine neue Fassung.",
    "{} is not active ({}): nothing new is agreed with it.": "Mit {0} wird zurzeit nichts Neues vereinbart.",
    "{} already has the agreement {}.": "Zu {0} gibt es schon den Vertrag {1}.",
    "A signer has a name of 1 to 200 characters.": "Wer unterschreibt, hat einen Namen von 1 bis 200 Zeichen.",
    "{} is no e-mail address.": "{0} ist keine E-Mail-Adresse.",
    "A position has 200 characters at most.": "Eine Funktion hat höchstens 200 Zeichen.",
    "This link to sign is not valid.": "Dieser Link zur Unterschrift gilt nicht.",
    "Ask the sender for a new one.": "Bitten Sie den Absender um einen neuen.",
    "There is nothing to sign.": "Es gibt nichts zu unterschreiben.",
    "This is no longer the document that was sent to you.": "Das ist nicht mehr das Dokument, das Sie erhalten haben.",
    "Ask for it to be sent again.": "Bitten Sie darum, es noch einmal zu senden.",
    "Type your name to sign.": "Geben Sie zur Unterschrift Ihren Namen ein.",
    "Agree to sign electronically.": "Stimmen Sie der elektronischen Unterschrift zu.",
    "This is to be signed by {}: type that name to sign.": (
        "Hier unterschreibt {0}: geben Sie zur Unterschrift diesen Namen ein."
    ),
    "Say why.": "Sagen Sie, warum.",
    # work on site
    "The work was done on {}, and not accepted before.": "Die Arbeit wurde am {0} erledigt, nicht früher angenommen.",
    "This must be given.": "Das fehlt noch.",
    "This has {} characters at most.": "Das hat höchstens {0} Zeichen.",
    # invoices, payments and disputes
    "{} cannot be disputed: {} of the invoice is open and undisputed.": (
        "{0} können nicht beanstandet werden: {1} der Rechnung sind offen und nicht beanstandet."
    ),
    "The amount is more than zero, in whole minor units.": "Der Betrag ist größer als null, in ganzen Cent.",
    "The customer has no such invoice there.": "Diese Rechnung gibt es nicht.",
    "Nothing is open on invoice {}.": "Auf der Rechnung {0} ist nichts offen.",
    "Only {} is open on invoice {}.": "Auf der Rechnung {1} sind nur {0} offen.",
    "A charge of {} for invoice {} is not finished.": "Eine Kartenzahlung der Rechnung {1} über {0} läuft noch.",
    "Wait for its outcome, or give it up first.": "Warten Sie ab, was daraus wird.",
    "A charge is above zero and has at most {} decimals.": (
        "Der Betrag ist größer als null und hat höchstens {0} Stellen nach dem Komma."
    ),
}
