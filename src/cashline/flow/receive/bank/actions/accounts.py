"""Bank accounts of legal entities, and what is declared of their matching."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.rules.statement import alphanumeric, is_iban
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

LEAST_CONFIDENCE = 50


@dataclass(frozen=True, slots=True)
class NewBankAccount:
    """An account that statements are imported for."""

    entity_id: UUID
    iban: str
    name: str
    currency: str


@transaction.atomic
def create_bank_accounts(accounts: Sequence[NewBankAccount], *, now: datetime, actor: str) -> list[UUID]:
    """Add accounts; gives their ids. Raises InvalidValue for wrong IBANs and Conflict for known ones, all at once."""
    if not accounts:
        return []
    entities_by_id({account.entity_id for account in accounts})
    queries.lock_owners(account.entity_id for account in accounts)
    known = {account.iban for account in queries.accounts()}
    found: list[Refusal] = []
    for index, account in enumerate(accounts):
        iban = alphanumeric(account.iban)
        minor_units(account.currency)
        if not is_iban(iban):
            found.append(InvalidValue(f"{account.iban[:40]!r} is not an IBAN.", field=f"accounts.{index}.iban"))
        elif iban in known:
            found.append(Conflict(f"{iban} is an account here already.", field=f"accounts.{index}.iban"))
        known.add(iban)
    raise_all(found)
    keys = [new_id() for _ in accounts]
    sql.insert(
        "bank_accounts",
        ("id", "entity_id", "iban", "name", "currency"),
        [
            (key, one.entity_id, alphanumeric(one.iban), one.name or one.iban, one.currency)
            for key, one in zip(keys, accounts, strict=True)
        ],
    )
    record(
        [
            _event("BankAccountCreated", key, one.entity_id, {"iban": alphanumeric(one.iban)})
            for key, one in zip(keys, accounts, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return keys


@transaction.atomic
def set_matching(
    account_id: UUID,
    *,
    auto_apply_confidence: int,
    tolerance_amount: Decimal,
    tolerance_rate: Decimal,
    now: datetime,
    actor: str,
) -> None:
    """Declare how sure a proposal must be to be applied unseen, and which differences are written off.

    `tolerance_rate` is a share (0.005 is half a percent); both tolerances must allow a difference, zero means never.
    """
    queries.lock_accounts([account_id])
    account = queries.account(account_id)
    digits = minor_units(account.currency)
    found: list[Refusal] = []
    if not LEAST_CONFIDENCE <= auto_apply_confidence <= 100:
        sentence = f"The confidence is {LEAST_CONFIDENCE} to 100 percent."
        found.append(InvalidValue(sentence, field="auto_apply_confidence"))
    if tolerance_amount < 0 or round_to(tolerance_amount, digits) != tolerance_amount:
        found.append(InvalidValue(f"The amount has at most {digits} decimals.", field="tolerance_amount"))
    if not 0 <= tolerance_rate <= 1 or round_to(tolerance_rate, 10) != tolerance_rate:
        found.append(InvalidValue("The share is 0 to 1.", field="tolerance_rate"))
    raise_all(found)
    sql.execute(
        "UPDATE bank_accounts SET auto_apply_confidence = %s, tolerance_amount = %s, tolerance_rate = %s WHERE id = %s",
        (auto_apply_confidence, tolerance_amount, tolerance_rate, account_id),
    )
    data = {
        "auto_apply_confidence": auto_apply_confidence,
        "tolerance_amount": str(tolerance_amount),
        "tolerance_rate": str(tolerance_rate),
    }
    record([_event("BankAccountChanged", account_id, account.entity_id, data)], now=now, actor=actor)


def _event(kind: str, account_id: UUID, entity_id: UUID, data: dict[str, object]) -> Event:
    return Event(kind, (ObjectRef("bank_account", account_id), ObjectRef("entity", entity_id, "owner")), data)
