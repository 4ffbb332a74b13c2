"""Posting rules as a table: for each event that moves money or stock, which accounts its amounts go to.

A fact brings named amounts; a rule says on which side of which account each name stands. The lines of an entry sum to
zero by construction of the facts (gross = net + tax, amount = applied + unapplied …), which `check_balance` proves.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import (
    Balance,
    PlannedEntry,
    PlannedLine,
    carry,
    check_balance,
    revalue_at_document_rate,
)
from cashline.kernel.rounding import round_to


class Side(StrEnum):
    """Where a positive amount stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class LineRule(NamedTuple):
    """The amount of that name goes to the account of that role."""

    amount: str
    side: Side
    role: AccountRole


@dataclass(frozen=True, slots=True)
class PostingRule:
    """How an event is posted. `name` is part of what makes a posting unique; `text` is completed with the number."""

    name: str
    event: str
    source_type: str
    text: str
    lines: tuple[LineRule, ...]
    by_amount: Mapping[str, tuple[LineRule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = dict.fromkeys(line.amount for line in self.lines)
        found = {name: tuple(line for line in self.lines if line.amount == name) for name in names}
        object.__setattr__(self, "by_amount", found)


class FactAmount(NamedTuple):
    """A named amount of a fact, in the fact's currency; a negative one takes back.

    `subject_id` is the document whose balance it changes (of the contract position: the agreement, where it is not that
    of the fact), and `rate` the rate at which that document is held.
    """

    name: str
    amount: Decimal
    subject_id: UUID | None = None
    rate: Decimal | None = None


class Fact(msgspec.Struct, frozen=True, gc=False):
    """What is posted of one source: its amounts, and the rate from its currency to the entity's on its day."""

    entity_id: UUID
    currency: str
    rate: Decimal
    day: date
    source_id: UUID
    number: str
    customer_id: UUID | None
    agreement_id: UUID | None
    amounts: tuple[FactAmount, ...]


_R, _D, _C = AccountRole, Side.DEBIT, Side.CREDIT
_OF_ARRANGEMENT = (
    LineRule("cash", _D, _R.CONTRACT_CASH),
    LineRule("receivable", _D, _R.CONTRACT_RECEIVABLE),
    LineRule("contract_position", _D, _R.CONTRACT_POSITION),
    LineRule("refund_liability", _C, _R.REFUND_LIABILITY),
    LineRule("return_asset", _D, _R.RETURN_ASSET),
    LineRule("financial_liability", _C, _R.FINANCIAL_LIABILITY),
    LineRule("cost_to_obtain_asset", _D, _R.COST_TO_OBTAIN),
    LineRule("cost_to_fulfil_asset", _D, _R.COST_TO_FULFIL),
    LineRule("other_asset", _D, _R.OTHER_ASSET),
    LineRule("inventory", _D, _R.CONTRACT_GOODS),
    LineRule("supplier_payable", _C, _R.SUPPLIER_PAYABLE),
    LineRule("goods", _C, _R.REVENUE_GOODS),
    LineRule("subscription", _C, _R.REVENUE_SUBSCRIPTION),
    LineRule("service", _C, _R.REVENUE_SERVICE),
    LineRule("interest_income", _C, _R.INTEREST_INCOME),
    LineRule("interest_expense", _D, _R.INTEREST_EXPENSE),
    LineRule("cost_of_sales", _D, _R.COST_OF_SALES),
    LineRule("contract_cost_expense", _D, _R.CONTRACT_COST_EXPENSE),
)
"""The accounts of an arrangement, each amount on its natural side.

Its bills, cash and goods are facts of other systems: they stand on accounts of their own, so that the control accounts
of receivables, bank and inventory stay those of our documents.
"""
_SOLD = (LineRule("due_from", _D, _R.INTERCOMPANY_RECEIVABLE), LineRule("charged", _C, _R.INTERCOMPANY_INCOME))
_BOUGHT = (LineRule("bought", _D, _R.INTERCOMPANY_EXPENSE), LineRule("due_to", _C, _R.INTERCOMPANY_PAYABLE))
_RECEIVED = (LineRule("received", _D, _R.BANK), LineRule("settled", _C, _R.INTERCOMPANY_RECEIVABLE))
_PAID = (LineRule("settled", _D, _R.INTERCOMPANY_PAYABLE), LineRule("paid", _C, _R.BANK))
_RULES = (
    PostingRule(
        "receipt",
        "StockReceived",
        "stock_move",
        "Stock received {number}",
        (LineRule("cost", _D, _R.INVENTORY), LineRule("cost", _C, _R.STOCK_ADJUSTMENT)),
    ),
    PostingRule(
        "adjustment",
        "StockAdjusted",
        "stock_move",
        "Stock adjusted {number}",
        (LineRule("cost", _D, _R.INVENTORY), LineRule("cost", _C, _R.STOCK_ADJUSTMENT)),
    ),
    PostingRule(
        "shipment",
        "ShipmentShipped",
        "shipment",
        "Shipment {number}",
        (LineRule("cost", _D, _R.COST_OF_SALES), LineRule("cost", _C, _R.INVENTORY)),
    ),
    PostingRule(
        "invoice",
        "InvoiceIssued",
        "invoice",
        "Invoice {number}",
        (
            LineRule("gross", _D, _R.RECEIVABLE),
            LineRule("net", _C, _R.CONTRACT_POSITION),
            LineRule("earned_at_once", _C, _R.REVENUE_OTHER),
            LineRule("tax", _C, _R.TAX_PAYABLE),
        ),
    ),
    PostingRule(
        "credit_note",
        "CreditNoteIssued",
        "credit_note",
        "Credit note {number}",
        (
            LineRule("settled", _C, _R.RECEIVABLE),
            LineRule("unapplied", _C, _R.UNAPPLIED_CASH),
            LineRule("net", _D, _R.CONTRACT_POSITION),
            LineRule("earned_at_once", _D, _R.REVENUE_OTHER),
            LineRule("tax", _D, _R.TAX_PAYABLE),
        ),
    ),
    *(
        PostingRule(
            name,
            event,
            "credit_movement",
            text,
            (
                LineRule("account", _D, _R.UNAPPLIED_CASH),
                LineRule("prepaid", prepaid, _R.CUSTOMER_PREPAYMENT),
                LineRule("promotion", _D, _R.PROMOTION),
                LineRule("settled", receivable, _R.RECEIVABLE),
                LineRule("credited", _C, _R.UNAPPLIED_CASH),
                LineRule("paid_by_bank", _C, _R.BANK),
                LineRule("paid_by_card", _C, _R.CARD_CLEARING),
                LineRule("breakage", _C, _R.BREAKAGE),
                LineRule("unused_promotion", _C, _R.PROMOTION),
            ),
        )
        for name, event, text, prepaid, receivable in (
            ("credited_invoice", "AccountCredited", "Invoice {number} below zero, to the account", _C, _D),
            ("top_up", "WalletToppedUp", "Prepaid by payment {number}", _C, _C),
            ("promotion", "WalletGranted", "Promotional credit {number}", _C, _C),
            ("credit_applied", "CreditApplied", "Credit on invoice {number}", _D, _C),
            ("credit_refund", "CreditRefunded", "Credit paid out {number}", _D, _C),
            ("credit_expiry", "CreditExpired", "Prepaid credit expired {number}", _D, _C),
        )
    ),
    PostingRule(
        "payment",
        "PaymentReceived",
        "payment",
        "Payment {number}",
        (
            LineRule("received_by_bank", _D, _R.BANK),
            LineRule("received_by_card", _D, _R.CARD_CLEARING),
            LineRule("received_as_tax_withheld", _D, _R.TAX_WITHHELD),
            LineRule("written_off", _D, _R.WRITE_OFF),
            LineRule("settled", _C, _R.RECEIVABLE),
            LineRule("unapplied", _C, _R.UNAPPLIED_CASH),
        ),
    ),
    PostingRule(
        "allocation",
        "PaymentAllocated",
        "payment_allocation",
        "Allocation of payment {number}",
        (
            LineRule("applied", _D, _R.UNAPPLIED_CASH),
            LineRule("written_off", _D, _R.WRITE_OFF),
            LineRule("settled", _C, _R.RECEIVABLE),
        ),
    ),
    PostingRule(
        "unallocation",
        "PaymentUnallocated",
        "payment_allocation",
        "Allocation of payment {number} taken back",
        (
            LineRule("applied", _D, _R.UNAPPLIED_CASH),
            LineRule("written_off", _D, _R.WRITE_OFF),
            LineRule("settled", _C, _R.RECEIVABLE),
        ),
    ),
    *(
        PostingRule(
            "refund",
            event,
            "refund",
            text,
            (
                LineRule("refunded", _D, _R.UNAPPLIED_CASH),
                LineRule("paid_by_bank", _C, _R.BANK),
                LineRule("paid_by_card", _C, _R.CARD_CLEARING),
                LineRule("paid_as_tax_withheld", _C, _R.TAX_WITHHELD),
            ),
        )
        for event, text in (
            ("PaymentRefunded", "Refund of payment {number}"),
            ("PaymentChargedBack", "Chargeback of payment {number}"),
            ("PaymentReversed", "Reversal of payment {number}"),
            ("RefundReturned", "Refund of payment {number} came back"),
            ("ChargebackWon", "Chargeback of payment {number} won"),
        )
    ),
    PostingRule(
        "revenue",
        "RevenueRecognised",
        "revenue_posting",
        "Revenue {number}",
        (
            LineRule("recognised", _D, _R.CONTRACT_POSITION),
            LineRule("goods", _C, _R.REVENUE_GOODS),
            LineRule("subscription", _C, _R.REVENUE_SUBSCRIPTION),
            LineRule("service", _C, _R.REVENUE_SERVICE),
        ),
    ),
    *(
        PostingRule(f"intercompany_{name}", event, f"intercompany_{source}", f"{text} {{number}}", (debit, credit))
        for name, event, source, text, (debit, credit) in (
            ("sale", "IntercompanySold", "sale", "Charged to the group", _SOLD),
            ("sale_reversal", "IntercompanySaleReversed", "movement", "Taken back from the group", _SOLD),
            ("purchase", "IntercompanyBought", "sale", "Charged by the group", _BOUGHT),
            ("purchase_reversal", "IntercompanyPurchaseReversed", "movement", "Taken back by the group", _BOUGHT),
            ("receipt", "IntercompanyReceived", "movement", "Paid by the group", _RECEIVED),
            ("payment", "IntercompanyPaid", "movement", "Paid to the group", _PAID),
        )
    ),
    PostingRule(
        "arrangement",
        "ArrangementRecognised",
        "arrangement_posting",
        "Revenue {number}",
        _OF_ARRANGEMENT,
    ),
)
POSTING: Mapping[str, PostingRule] = {rule.event: rule for rule in _RULES}
"""The rule of every event that posts."""

_GROUP = {_R.INTERCOMPANY_RECEIVABLE, _R.INTERCOMPANY_PAYABLE}
HELD_BY_DOCUMENT = frozenset({_R.RECEIVABLE, _R.UNAPPLIED_CASH, _R.CUSTOMER_PREPAYMENT, *_GROUP})
"""Roles whose balance is held document by document, each at its document's rate."""
NAMING_DOCUMENT = HELD_BY_DOCUMENT | {_R.INTERCOMPANY_INCOME, _R.INTERCOMPANY_EXPENSE}
"""Roles whose lines name their document; what is charged within the group is eliminated by it."""

type HeldKey = tuple[AccountRole, UUID]
type Held = MutableMapping[HeldKey, Balance]


def held_keys(rule: PostingRule, fact: Fact) -> list[HeldKey]:
    """The balances that must be known to value a fact in a foreign currency."""
    keys: list[HeldKey] = []
    for amount in fact.amounts:
        for line in rule.by_amount.get(amount.name, ()):
            if key := _held_key(line.role, fact, amount):
                keys.append(key)
    return keys


def _held_key(role: AccountRole, fact: Fact, amount: FactAmount) -> HeldKey | None:
    if role in HELD_BY_DOCUMENT:
        return (role, amount.subject_id) if amount.subject_id else None
    if role is _R.CONTRACT_POSITION:
        agreement_id = amount.subject_id or fact.agreement_id
        return (role, agreement_id) if agreement_id else None
    return None


def plan_entry(rule: PostingRule, fact: Fact, *, currency: str, digits: int, held: Held) -> PlannedEntry | None:
    """The entry of a fact; None where every amount is zero.

    `currency` and `digits` are the entity's. In a foreign currency `held` must know the balances of `held_keys`, and
    is moved on; what the functional sides are then off by is an exchange difference where a balance was taken down,
    and a rounding difference where not.
    """
    domestic = fact.currency == currency
    lines: list[PlannedLine] = []
    cleared = False
    for amount in fact.amounts:
        if not amount.amount:
            continue
        for line in rule.by_amount.get(amount.name, ()):
            value = amount.amount if line.side is _D else -amount.amount
            functional = value
            if not domestic:
                functional, took = _value(line.role, fact, amount, value, digits, held)
                cleared = cleared or took
            document = amount.subject_id if line.role in NAMING_DOCUMENT else None
            agreement = None
            if line.role is _R.CONTRACT_POSITION:
                agreement = amount.subject_id or fact.agreement_id
            elif line.role in _OF_AGREEMENT or rule.name == "arrangement":
                agreement = fact.agreement_id
            lines.append(PlannedLine(line.role, value, functional, document, fact.customer_id, agreement))
    if not lines:
        return None
    if not domestic:
        off = sum((line.functional for line in lines), Decimal(0))
        if off:
            role = _R.FX_GAIN_LOSS if cleared else _R.ROUNDING
            lines.append(PlannedLine(role, Decimal(0), -off, None, fact.customer_id, fact.agreement_id))
    text = rule.text.format(number=fact.number)
    entry = PlannedEntry(
        fact.entity_id, fact.currency, fact.day, rule.source_type, fact.source_id, rule.name, text, tuple(lines)
    )
    check_balance(entry)
    return entry


_OF_AGREEMENT = frozenset(
    {
        _R.REVENUE_GOODS,
        _R.REVENUE_SUBSCRIPTION,
        _R.REVENUE_SERVICE,
        _R.COST_OF_SALES,
        _R.FX_GAIN_LOSS,
    }
)


def _value(
    role: AccountRole, fact: Fact, amount: FactAmount, value: Decimal, digits: int, held: Held
) -> tuple[Decimal, bool]:
    """The functional side of a line in a foreign currency, and whether it took a held balance down."""
    key = _held_key(role, fact, amount)
    if key is None:
        return round_to(value * fact.rate, digits), False
    before = held.get(key, Balance())
    if role is _R.CONTRACT_POSITION:
        functional = carry(before, value, fact.rate, digits)
    else:
        functional = revalue_at_document_rate(before, value, amount.rate or fact.rate, digits)
    held[key] = Balance(before.amount + value, before.functional + functional)
    return functional, before.amount * value < 0
