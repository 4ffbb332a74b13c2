"""The words of reminder mails in the languages of the documents; their tone follows the level."""

from dataclasses import dataclass

_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "subject_1": "Reminder: {count} overdue at {seller}",
        "subject_2": "Second reminder: {count} overdue at {seller}",
        "subject_3": "Final reminder: {count} overdue at {seller}",
        "one": "invoice {number}",
        "many": "{count} invoices",
        "opening_1": "you may have overlooked that the following is past its due date:",
        "opening_2": "we have not yet received your payment of the following, of which we reminded you before:",
        "opening_3": "in spite of our reminders the following is still unpaid. Please pay it without further delay:",
        "hello": "Hello,",
        "line": "{number}, due {due} ({days} days ago): {amount}",
        "total": "Total: {total}",
        "pay_to": "Please pay to {iban}{bic} and state the invoice numbers.",
        "pay": "Please state the invoice numbers when you pay.",
        "done": "If you have paid in the meantime, please ignore this mail. If something is wrong, tell us: {portal}",
        "bye": "Kind regards",
    },
    "de": {
        "subject_1": "Zahlungserinnerung: {count} bei {seller} überfällig",
        "subject_2": "Zweite Mahnung: {count} bei {seller} überfällig",
        "subject_3": "Letzte Mahnung: {count} bei {seller} überfällig",
        "one": "Rechnung {number}",
        "many": "{count} Rechnungen",
        "opening_1": "vielleicht ist Ihnen entgangen, dass folgende Beträge fällig sind:",
        "opening_2": "trotz unserer Erinnerung haben wir zu folgenden Beträgen noch keine Zahlung erhalten:",
        "opening_3": "trotz unserer Mahnungen sind folgende Beträge weiterhin offen. Bitte zahlen Sie umgehend:",
        "hello": "Guten Tag,",
        "line": "{number}, fällig am {due} (vor {days} Tagen): {amount}",
        "total": "Summe: {total}",
        "pay_to": "Bitte überweisen Sie auf {iban}{bic} und geben Sie die Rechnungsnummern an.",
        "pay": "Bitte geben Sie bei der Zahlung die Rechnungsnummern an.",
        "done": (
            "Falls Sie inzwischen gezahlt haben, betrachten Sie diese Mail bitte als gegenstandslos. "
            "Stimmt etwas nicht, sagen Sie es uns: {portal}"
        ),
        "bye": "Mit freundlichen Grüßen",
    },
    "fr": {
        "subject_1": "Rappel : {count} en retard chez {seller}",
        "subject_2": "Deuxième rappel : {count} en retard chez {seller}",
        "subject_3": "Dernier rappel : {count} en retard chez {seller}",
        "one": "facture {number}",
        "many": "{count} factures",
        "opening_1": "il vous a peut-être échappé que les montants suivants sont échus :",
        "opening_2": "malgré notre rappel, nous n'avons pas encore reçu le paiement des montants suivants :",
        "opening_3": "malgré nos rappels, les montants suivants restent impayés. Merci de les régler sans délai :",
        "hello": "Bonjour,",
        "line": "{number}, échue le {due} (il y a {days} jours) : {amount}",
        "total": "Total : {total}",
        "pay_to": "Merci de virer le montant sur {iban}{bic} en indiquant les numéros de facture.",
        "pay": "Merci d'indiquer les numéros de facture lors du paiement.",
        "done": (
            "Si vous avez payé entre-temps, veuillez ignorer ce message. En cas de désaccord, dites-le-nous : {portal}"
        ),
        "bye": "Cordialement",
    },
}
LAST_TONE = 3


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One invoice of a letter, its values written for the reader."""

    number: str
    due: str
    days: int
    amount: str


@dataclass(frozen=True, slots=True)
class LetterWords:
    """What a letter says, its values written for the reader. `iban` and `bic` are empty where there is no account."""

    locale: str
    level: int
    seller: str
    lines: tuple[LetterLine, ...]
    total: str
    iban: str
    bic: str
    portal: str

    @property
    def subject(self) -> str:
        """The subject of the mail."""
        count = self._phrase("many", count=len(self.lines))
        if len(self.lines) == 1:
            count = self._phrase("one", number=self.lines[0].number)
        return self._phrase(f"subject_{self._tone}", count=count, seller=self.seller)

    @property
    def text(self) -> str:
        """The mail in plain text."""
        lines = [
            self._phrase("line", number=one.number, due=one.due, days=one.days, amount=one.amount) for one in self.lines
        ]
        bic = f" ({self.bic})" if self.bic else ""
        pay = self._phrase("pay_to", iban=self.iban, bic=bic) if self.iban else self._phrase("pay")
        return "\n".join(
            [
                *(self._phrase("hello"), "", self._phrase(f"opening_{self._tone}"), "", *lines, ""),
                *([self._phrase("total", total=self.total), ""] if len(lines) > 1 else []),
                *(pay, "", self._phrase("done", portal=self.portal), "", self._phrase("bye"), self.seller, ""),
            ]
        )

    @property
    def _tone(self) -> int:
        return min(self.level, LAST_TONE)

    def _phrase(self, key: str, **values: object) -> str:
        language = self.locale.replace("-", "_").partition("_")[0].lower()
        return _PHRASES.get(language, _PHRASES["en"])[key].format(**values)
