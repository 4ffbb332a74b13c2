"""Permissions by role, and the authority with which a request acts.

A permission is `<domain>.<verb>`; `read` of every domain is part of each staff role. Authority is asked at the door:
`authority.require("invoices.issue", entity_id)`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.kernel.refusals import Forbidden

DOMAINS = (
    *("customers", "catalog", "coupons", "quotes", "contracts", "orders", "credit"),
    *("fulfilment", "inventory", "provisioning", "projects", "subscriptions", "usage"),
    *("billing", "invoices", "credit_notes", "credits", "taxes", "payments", "bank", "collections", "disputes"),
    *("ledger", "revenue", "reports", "people", "platform"),
)
READ = frozenset(f"{domain}.read" for domain in DOMAINS)
ROLES: dict[str, frozenset[str]] = {
    "auditor": READ,
    "seller": READ | {"customers.write", "quotes.write", "quotes.send", "contracts.write", "orders.write"},
    "deal_desk": READ
    | {"customers.write", "catalog.write", "coupons.write", "quotes.write"}
    | {"quotes.send", "quotes.approve", "contracts.write"},
    "legal": READ | {"contracts.write", "contracts.seal"},
    "order_desk": READ | {"customers.write", "orders.write", "orders.cancel", "orders.import"},
    "credit_manager": READ | {"credit.write", "orders.release"},
    "fulfilment": READ
    | {
        "fulfilment.write",
        "inventory.write",
        "provisioning.write",
        "projects.write",
        "subscriptions.write",
        "usage.write",
    },
    "billing": READ
    | {
        "billing.run",
        "invoices.issue",
        "credit_notes.write",
        "taxes.write",
        "subscriptions.write",
        "disputes.write",
        "usage.write",
        "credits.write",
        "coupons.write",
    },
    "collections": READ | {"payments.write", "bank.write", "collections.write", "disputes.write", "payments.write_off"},
    "revenue_accountant": READ | {"ledger.write", "ledger.close", "revenue.run", "invoices.issue", "billing.run"},
    "administrator": READ | {"people.write", "platform.write"},
}
COMPANY_WIDE = frozenset({"platform.read", "platform.write"})
"""The log, the outbox, webhooks and the clock know no legal entity: a role held for one of them does not give these."""
ROLES["owner"] = frozenset().union(*ROLES.values())
DISCOUNT_AUTHORITY = {
    "seller": Decimal(10),
    "deal_desk": Decimal(30),
    "owner": Decimal(100),
}
"""The discount in percent off the list total that a role may give without approval; others: none."""


def roles_with(permission: str) -> tuple[str, ...]:
    """The roles that hold a permission, the owner's (who may do everything) left out where others do."""
    found = tuple(role for role, held in ROLES.items() if permission in held and role != "owner")
    return found or ("owner",)


def forbidden(permission: str, *, has_role: bool = True) -> Forbidden:
    """What is told to somebody without a permission: who may do it, in words, and whom to ask."""
    ask = "Ask an administrator or an owner of the company to give you one."
    if not has_role:
        return Forbidden("You may not see this: you have no role yet.", fix=ask, permission=permission)
    roles = [role.replace("_", " ") for role in roles_with(permission)]
    if permission in READ:
        words = "You may not see this: your role is held for other legal entities, or does not reach so far."
        return Forbidden(words, fix="Ask an administrator or an owner of the company.", permission=permission)
    listed = " or ".join(roles) if len(roles) < 3 else f"{', '.join(roles[:-1])} or {roles[-1]}"
    return Forbidden(
        f"You may not do this: it is for those with the role {listed}.",
        fix="Ask one of them to do it, or an administrator or owner to give you the role.",
        permission=permission,
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held for one legal entity, or for all (None)."""

    role: str
    entity_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """Who acts and with which rights. `customer_id` is set for portal users, who have no role at all, `locale` with it.

    `scopes` narrow an API key to some permissions; None means no narrowing.
    """

    actor: str
    name: str
    grants: tuple[Grant, ...] = ()
    customer_id: UUID | None = None
    user_id: UUID | None = None
    scopes: frozenset[str] | None = None
    locale: str = ""

    def allows(self, permission: str, entity_id: UUID | None = None) -> bool:
        """May the permission be used, for that entity (None: for at least one)?"""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return any(
            permission in ROLES.get(grant.role, ())
            and (grant.entity_id is None or (permission not in COMPANY_WIDE and entity_id in (None, grant.entity_id)))
            for grant in self.grants
        )

    def require(self, permission: str, entity_id: UUID | None = None) -> None:
        """Raise Forbidden where the permission is missing."""
        if not self.allows(permission, entity_id):
            raise forbidden(permission, has_role=bool(self.grants))

    def entities(self, permission: str) -> list[UUID] | None:
        """The legal entities for which the permission is held; None means all."""
        held: list[UUID] = []
        for grant in self.grants:
            if permission in ROLES.get(grant.role, ()) and self.allows(permission):
                if grant.entity_id is None:
                    return None
                held.append(grant.entity_id)
        return held

    def discount_authority(self, entity_id: UUID) -> Decimal:
        """The discount in percent that may be given without asking."""
        return discount_authority(
            grant.role for grant in self.grants if grant.entity_id is None or grant.entity_id == entity_id
        )


def discount_authority(roles: Iterable[str]) -> Decimal:
    """The highest authority of the roles."""
    return max((DISCOUNT_AUTHORITY.get(role, Decimal(0)) for role in roles), default=Decimal(0))


SYSTEM = Authority("system", "Cashline", (Grant("owner"),))
