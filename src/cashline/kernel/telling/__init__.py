"""Telling an amount in a plain sentence: what a derivation says to someone who never saw a formula.

Each rule has a sentence in each language of `SENTENCES`; a test holds that none is without.
"""

from collections.abc import Mapping
from decimal import InvalidOperation

from cashline.kernel.derivations import Derivation
from cashline.kernel.telling.english import ENGLISH
from cashline.kernel.telling.french import FRENCH
from cashline.kernel.telling.german import GERMAN
from cashline.kernel.writing import fill

SENTENCES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH}


def tell(made: Derivation, currency: str = "", locale: str = "en", **more: object) -> str:
    """Why the amount is what it is, in one or two sentences, amounts in `currency`.

    A note that is a sentence already (it ends with a full stop) is told as it stands. `more` are further values that a
    sentence may name, such as the first and last day of a period. A rule that is not known is told by its inputs.
    """
    if made.note.endswith("."):
        return made.note
    sentences = SENTENCES.get(locale[:2].lower(), ENGLISH)
    values = {**made.inputs, "result": made.result, "note": made.note, **more}
    if not currency:
        return fill(sentences["number"], values, locale=locale)
    rule = f"{made.rule}.period" if "start" in more and f"{made.rule}.period" in sentences else made.rule
    if rule == "revenue.stretch" and str(made.inputs.get("whole")) == "1":
        rule = "revenue.at_once"
    try:
        told = fill(sentences[rule], values, currency=currency, locale=locale)
    except (KeyError, InvalidOperation):
        told = ""
    names = ", ".join(name.replace("_", " ") for name in made.inputs)
    return told or fill(sentences["other"], {**values, "names": names}, currency=currency, locale=locale)
