"""Revenue as invoiced beside a fixed price: the invoice of the fixed price is not that of the other promise."""

from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractFact,
    Fixed,
    Instalments,
    Invoiced,
    ObligationFact,
    Transfer,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, plan_revenue

D = Decimal
JUNE = date(2026, 6, 30)


def recognised(contract: ContractFact, *events: Invoiced | Transfer) -> dict[str, Decimal]:
    [moment] = plan_revenue(Facts((contract,), (), events), [JUNE])
    assert sum(one.allocated for one in moment.obligations()) == moment.units["c"][0].price
    return {one.work.id: one.revenue for one in moment.obligations()}


def billed(month: int, amount: int) -> Invoiced:
    return Invoiced(at=date(2026, month, 1), contract="c", amount=D(amount))


LICENCE = ObligationFact(id="licence", pattern="point", ssp=D(1000))
HOURS = ObligationFact(id="hours", pattern="as_invoiced")


def test_the_invoice_of_a_fixed_price_is_not_that_of_the_hours() -> None:
    contract = ContractFact(
        id="c",
        inception=date(2026, 1, 1),
        consideration=(Fixed(id="fee", amount=D(1000)),),
        obligations=(LICENCE, HOURS),
    )
    events = (Transfer(at=date(2026, 1, 2), obligation="licence"), billed(1, 1000), billed(2, 250), billed(3, 1000))
    assert recognised(contract, *events) == {"licence": D(1000), "hours": D(1250)}


def test_each_instalment_is_billed_once_and_hours_alone_take_every_invoice() -> None:
    parts = (Instalments(id="rates", amount=D(100), count=2, first_due=date(2026, 1, 1), every_months=1),)
    contract = ContractFact(id="c", inception=date(2026, 1, 1), consideration=parts, obligations=(LICENCE, HOURS))
    transfer = Transfer(at=date(2026, 1, 2), obligation="licence")
    assert recognised(contract, transfer, billed(1, 100), billed(2, 100), billed(3, 100)) == {
        "licence": D(200),
        "hours": D(100),
    }
    alone = ContractFact(id="c", inception=date(2026, 1, 1), consideration=(), obligations=(HOURS,))
    assert recognised(alone, billed(1, 100), billed(2, 50)) == {"hours": D(150)}
