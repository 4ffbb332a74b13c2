"""The fake acquirer behind the sandbox gateway: what it does for which test card, and what it remembers.

A charge is one state in the store, named by a reference that follows from its idempotency key; so a repeated request
finds the first one, wherever and however often it comes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from cashline.flow.receive.payments.gateways.protocol import (
    ChargeStatus,
    EventKind,
    GatewayRefused,
    IdempotencyKeyReused,
    RefundStatus,
)
from cashline.kernel.money import Money

type State = dict[str, Any]


class SandboxStore(Protocol):
    """Where the acquirer keeps its states (JSON objects): durable, and committed apart from the caller's work."""

    def get(self, key: str) -> State | None:
        """The state of that key, if there is one."""

    def change(self, key: str, change: Callable[[State | None], State]) -> State:
        """Lock the key, apply `change` to its state (None where there is none), keep and give the result.

        What `change` raises passes through, and nothing is kept.
        """


class Reachability(StrEnum):
    """Whether a request came through before its answer was lost."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"


class AnswerLost(Exception):
    """The acquirer gives no answer to this try."""

    def __init__(self, reachability: Reachability) -> None:
        super().__init__(reachability)
        self.reachability = reachability


class Delivery(StrEnum):
    """How reports are delivered."""

    IN_ORDER = "in_order"
    TWICE = "twice"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a charge: its first status, what it comes to later, and what goes wrong on the way.

    `lost_answers` tries are charged without an answer, `unreached` tries never arrive.
    """

    says: str
    status: ChargeStatus = ChargeStatus.SUCCEEDED
    decline_code: str = ""
    later: ChargeStatus | None = None
    lost_answers: int = 0
    unreached: int = 0
    delivery: Delivery = Delivery.IN_ORDER
    charged_back: bool = False
    refund: RefundStatus = RefundStatus.SUCCEEDED


_DECLINED = ChargeStatus.DECLINED
_PENDING = ChargeStatus.PENDING

FAULTS: dict[str, Fault] = {
    "4242424242424242": Fault("succeeds"),
    "4000000000000002": Fault("is declined", _DECLINED, "generic_decline"),
    "4000000000009995": Fault("is declined: insufficient funds", _DECLINED, "insufficient_funds"),
    "4000000000009987": Fault("is declined: lost card", _DECLINED, "lost_card"),
    "4000000000000069": Fault("is declined: expired card", _DECLINED, "expired_card"),
    "4000000000000127": Fault("is declined: wrong security code", _DECLINED, "incorrect_cvc"),
    "4000000000000119": Fault("is declined: error of the processor", _DECLINED, "processing_error"),
    "4000002500003155": Fault("asks for 3-D Secure", ChargeStatus.REQUIRES_ACTION),
    "4000000000090011": Fault("succeeds, the answer to the first try is lost", lost_answers=1),
    "4000000000090029": Fault("succeeds, the answers to the first five tries are lost", lost_answers=5),
    "4000000000090037": Fault("succeeds, the first two tries do not arrive", unreached=2),
    "4000000000090045": Fault("is pending and succeeds late", _PENDING, later=ChargeStatus.SUCCEEDED),
    "4000000000090052": Fault("is pending and is declined late", _PENDING, "insufficient_funds", later=_DECLINED),
    "4000000000090060": Fault("succeeds, every report comes twice", delivery=Delivery.TWICE),
    "4000000000090078": Fault(
        "is pending, succeeds, and the reports come in reverse",
        _PENDING,
        later=ChargeStatus.SUCCEEDED,
        delivery=Delivery.REVERSED,
    ),
    "4000000000000259": Fault("succeeds and is charged back", charged_back=True),
    "4000000000005126": Fault("succeeds, refunds fail late", refund=RefundStatus.PENDING),
    "4000000000090086": Fault("succeeds, refunds fail", refund=RefundStatus.FAILED),
}
"""By test card number; any other card is declined."""

AMOUNT_FAULTS: dict[str, str] = {
    "900001.01": "4000000000000002",
    "900001.02": "4000000000009995",
    "900001.03": "4000002500003155",
    "900001.04": "4000000000090011",
    "900001.05": "4000000000090029",
    "900001.06": "4000000000090045",
    "900001.07": "4000000000000259",
}
"""Amounts (in any currency) that behave like a card, for tests that cannot choose the card."""


NO_TEST_CARD = Fault("is no test card", _DECLINED, "incorrect_number")


def known_test_card(number: str) -> str:
    """The number where it is that of a test card; empty for any other, so that no real card is ever kept."""
    digits = number.replace(" ", "")
    return digits if digits in FAULTS else ""


def fault_for(card: str, amount: Money) -> Fault:
    """What is to happen to a charge of this amount on this card."""
    return FAULTS.get(AMOUNT_FAULTS.get(str(amount.amount), known_test_card(card)), NO_TEST_CARD)


def reference_for(idempotency_key: str) -> str:
    """The acquirer's reference of the charge with that key."""
    return f"sbx_{hashlib.sha256(idempotency_key.encode()).hexdigest()[:28]}"


class SandboxAcquirer:
    """Charges, refunds and chargebacks over a store."""

    def __init__(self, store: SandboxStore) -> None:
        self._store = store

    def charge(self, amount: Money, *, card: str, idempotency_key: str, reference: str, return_url: str) -> State:
        """Charge once for each key; raises AnswerLost as often as the fault says, IdempotencyKeyReused."""
        if amount.amount <= 0 or amount.rounded() != amount or not idempotency_key:
            raise GatewayRefused("A charge needs a positive amount in minor units and a key.", field="amount")
        gateway_reference = reference_for(idempotency_key)
        asked = {"amount": str(amount.amount), "currency": amount.currency, "reference": reference}
        asked["card"] = known_test_card(card)
        fingerprint = hashlib.sha256(repr(sorted(asked.items())).encode()).hexdigest()
        fault = fault_for(card, amount)

        def change(state: State | None) -> State:
            if state is None:
                state = {**asked, "fingerprint": fingerprint, "gateway_reference": gateway_reference, "tries": 0}
                state |= {"return_url": return_url, "charged": False, "refunds": {}, "events": []}
            if state["fingerprint"] != fingerprint:
                raise IdempotencyKeyReused("This key belongs to another charge.", field="idempotency_key")
            state["tries"] += 1
            if not state["charged"] and state["tries"] > fault.unreached:
                _authorise(state, fault)
            return state

        state = self._store.change(gateway_reference, change)
        if state["tries"] <= fault.unreached:
            raise AnswerLost(Reachability.NOT_REACHED)
        if state["tries"] <= fault.unreached + fault.lost_answers:
            raise AnswerLost(Reachability.REACHED)
        return state

    def find(self, gateway_reference: str) -> State:
        """The state of a charge; raises GatewayRefused for an unknown one."""
        state = self._store.get(gateway_reference)
        if state is None or not state["charged"]:
            raise GatewayRefused(f"There is no charge {gateway_reference[:40]!r}.", field="gateway_reference")
        return state

    def complete_action(self, gateway_reference: str, *, approve: bool) -> State:
        """End a 3-D Secure question; a second answer changes nothing."""

        def change(state: State) -> None:
            if state["status"] == ChargeStatus.REQUIRES_ACTION:
                state["decline_code"] = "" if approve else "authentication_failed"
                state["message"] = "" if approve else "The payer did not authenticate."
                _move(state, ChargeStatus.SUCCEEDED if approve else ChargeStatus.DECLINED)

        return self._change(gateway_reference, change)

    def open_chargeback(self, gateway_reference: str) -> State:
        """Take the money of a charge back, once."""

        def change(state: State) -> None:
            if state["status"] != ChargeStatus.SUCCEEDED:
                raise GatewayRefused("Only a charge that succeeded can be charged back.", field="gateway_reference")
            if not any(event["kind"] == EventKind.CHARGEBACK_OPENED for event in state["events"]):
                _report(state, EventKind.CHARGEBACK_OPENED)

        return self._change(gateway_reference, change)

    def refund(self, gateway_reference: str, amount: Money, *, idempotency_key: str) -> State:
        """Refund once for each key, never more in all than was charged; gives the refund."""
        if amount.amount <= 0 or amount.rounded() != amount or not idempotency_key:
            raise GatewayRefused("A refund needs a positive amount in minor units and a key.", field="amount")

        def change(state: State) -> None:
            known = state["refunds"].get(idempotency_key)
            if known is not None:
                if (known["amount"], known["currency"]) != (str(amount.amount), amount.currency):
                    raise IdempotencyKeyReused("This key belongs to another refund.", field="idempotency_key")
                return
            _refuse_refund(state, amount)
            _refund(state, amount, idempotency_key)

        state = self._change(gateway_reference, change)
        found: State = state["refunds"][idempotency_key]
        return found

    def take_events(self, gateway_reference: str) -> list[State]:
        """The reports not yet taken, after late outcomes have come in; ordered and doubled as the fault says."""
        taken: list[State] = []

        def change(state: State) -> None:
            fault = fault_for(state["card"], Money.of(state["amount"], state["currency"]))
            if state["status"] == ChargeStatus.PENDING and fault.later is not None:
                state["decline_code"] = fault.decline_code
                _move(state, fault.later)
            for refund in state["refunds"].values():
                if refund["status"] == RefundStatus.PENDING:
                    refund["status"] = RefundStatus.FAILED
                    _report_refund(state, refund)
            due = state["events"][state["taken"] :]
            state["taken"] = len(state["events"])
            if fault.delivery is Delivery.TWICE:
                due = [event for event in due for _ in range(2)]
            taken[:] = reversed(due) if fault.delivery is Delivery.REVERSED else due

        self._change(gateway_reference, change)
        return taken

    def _change(self, gateway_reference: str, change: Callable[[State], None]) -> State:
        def apply(state: State | None) -> State:
            if state is None or not state["charged"]:
                raise GatewayRefused(f"There is no charge {gateway_reference[:40]!r}.", field="gateway_reference")
            change(state)
            return state

        return self._store.change(gateway_reference, apply)


def _authorise(state: State, fault: Fault) -> None:
    declined = fault.status is ChargeStatus.DECLINED
    state |= {
        "charged": True,
        "taken": 0,
        "decline_code": fault.decline_code if declined else "",
        "message": f"The card {fault.says}." if declined else "",
    }
    _move(state, fault.status)
    if fault.charged_back:
        _report(state, EventKind.CHARGEBACK_OPENED)


def _move(state: State, status: ChargeStatus) -> None:
    state["status"] = status.value
    _report(state, EventKind.CHARGE, charge_status=status.value)


def _report(state: State, kind: EventKind, **more: str) -> None:
    event = {
        "id": f"evt_{state['gateway_reference'][4:]}_{len(state['events']) + 1}",
        "kind": kind.value,
        "gateway_reference": state["gateway_reference"],
        "amount": state["amount"],
        "currency": state["currency"],
        "decline_code": state["decline_code"],
        "message": state["message"],
    }
    state["events"].append({**event, **more})


def _report_refund(state: State, refund: State) -> None:
    _report(
        state,
        EventKind.REFUND,
        refund_status=refund["status"],
        refund_reference=refund["reference"],
        amount=refund["amount"],
        message=refund["message"],
    )


def _refuse_refund(state: State, amount: Money) -> None:
    if state["status"] != ChargeStatus.SUCCEEDED:
        raise GatewayRefused("Only a charge that succeeded can be refunded.", field="gateway_reference")
    if amount.currency != state["currency"]:
        raise GatewayRefused(f"The charge is in {state['currency']}.", field="amount")
    given = (each for each in state["refunds"].values() if each["status"] != RefundStatus.FAILED)
    back = Money.total((Money.of(each["amount"], each["currency"]) for each in given), amount.currency)
    if back + amount > Money.of(state["amount"], state["currency"]):
        raise GatewayRefused(f"{back} of the charge already went back.", field="amount")


def _refund(state: State, amount: Money, idempotency_key: str) -> None:
    fault = fault_for(state["card"], Money.of(state["amount"], state["currency"]))
    failed = fault.refund is RefundStatus.FAILED
    refund = {
        "reference": f"{state['gateway_reference']}_r{len(state['refunds']) + 1}",
        "amount": str(amount.amount),
        "currency": amount.currency,
        "status": fault.refund.value,
        "message": "The card's bank does not take it." if failed else "",
    }
    state["refunds"][idempotency_key] = refund
    _report_refund(state, refund)
