"""The form of the judgements that people make most: an estimate of one figure, with its paragraph and reason."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.recognise.revenue.rules.standard.judgements import (
    ExpectedCost,
    Impairment,
    Judgement,
    Redemption,
    Returns,
    StandAlonePrice,
    VariableEstimate,
)
from cashline.kernel.refusals import InvalidValue
from cashline.platform.pages.components import Option
from cashline.platform.pages.fields import Field

JUDGED = (
    Option("variable", lazy("A variable part: what is included in the price")),
    Option("returns", lazy("Returns: units expected back")),
    Option("redemption", lazy("Redemption: units expected in all")),
    Option("expected_cost", lazy("Expected cost in all")),
    Option("ssp", lazy("Stand-alone price of what is left")),
    Option("impairment", lazy("Impairment: what is recoverable of a cost")),
)


def judgement_fields(obligations: Sequence[str]) -> tuple[Field, ...]:
    """What the form asks; a variable part is named as in the contract."""
    hint = _("An obligation (%(names)s), the variable part, or a cost.") % {"names": ", ".join(obligations)}
    return (
        Field("type", lazy("Judgement"), "choice", options=JUDGED),
        Field("at", lazy("From"), "date"),
        Field("subject", lazy("About"), hint=hint),
        Field("amount", lazy("Amount or units")),
        Field("paragraph", lazy("Paragraph"), required=False, hint=lazy("Left out: that of the kind of judgement.")),
        Field("reason", lazy("Why"), "textarea"),
    )


def judgement_of(data: QueryDict) -> tuple[Judgement, str, str]:
    """The judgement of a form, its paragraph and reason; raises InvalidValue."""
    try:
        at = date.fromisoformat(data.get("at", ""))
    except ValueError:
        raise InvalidValue(_("Give the day from which it counts."), field="at") from None
    try:
        amount = Decimal(data.get("amount", "").strip())
    except InvalidOperation:
        raise InvalidValue(_("Give a number such as 1234.50."), field="amount") from None
    reason = data.get("reason", "").strip()
    if not reason:
        raise InvalidValue(_("Say why."), field="reason")
    judgement = judged(data.get("type", ""), at, data.get("subject", "").strip(), amount)
    return judgement, data.get("paragraph", "").strip()[:200], reason[:2000]


def judged(kind: str, at: date, subject: str, amount: Decimal) -> Judgement:
    """A judgement of that kind; raises InvalidValue for an unknown one."""
    match kind:
        case "variable":
            return VariableEstimate(at=at, consideration=subject, method="given", estimate=amount)
        case "returns":
            return Returns(at=at, obligation=subject, estimable=True, expected_quantity=amount)
        case "redemption":
            return Redemption(at=at, obligation=subject, expected_quantity=amount)
        case "expected_cost":
            return ExpectedCost(at=at, obligation=subject, amount=amount)
        case "ssp":
            return StandAlonePrice(at=at, obligation=subject, amount=amount)
        case "impairment":
            return Impairment(at=at, cost=subject, consideration=amount)
        case _:
            raise InvalidValue(_("Choose a judgement."), field="type")
