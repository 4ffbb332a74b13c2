"""What every door of people does alike: who invites, in which language, and within whose rights."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from cashline.flow.agree.customers.queries import customer
from cashline.kernel.refusals import Conflict, raise_all
from cashline.platform.company.queries import entities, entity_by_code
from cashline.platform.doors.caller import Caller
from cashline.platform.people import actions, queries
from cashline.platform.people.actions import NewUser
from cashline.platform.people.rules import PERMISSION, NotGrantable, grant_errors
from cashline.platform.permissions.rules import Authority, Grant


class NoCompany(Conflict):
    """There is no legal entity yet in whose name somebody could be invited."""

    code = "no_company"


def make_user(new: NewUser, *, invited: bool, authority: Authority, now: datetime, actor: str) -> UUID:
    """Make a user within the rights of who asks, and unless told otherwise mail them an invitation."""
    authority.require(PERMISSION)
    raise_all(grant_errors(authority, (), new.grants))
    locale = customer(new.customer_id).locale if new.customer_id else "en"
    if not invited:
        return actions.create_users([new], now=now, actor=actor)[0]
    return actions.invite_users([new], company=company_name(), locale=locale, now=now, actor=actor)[0]


def invite_again(caller: Caller, user_id: UUID) -> None:
    """Mail a user a new link to choose a password."""
    caller.require(PERMISSION)
    found = queries.user(user_id)
    _check_rank(caller, user_id)
    locale = customer(found.customer_id).locale if found.customer_id else "en"
    actions.send_invitations([user_id], company=company_name(), locale=locale, now=caller.now, actor=caller.actor)


def change_roles(caller: Caller, user_id: UUID, grants: Sequence[Grant]) -> None:
    """Replace the roles of a user, within the rights of who asks."""
    caller.require(PERMISSION)
    queries.user(user_id)
    raise_all(grant_errors(caller.authority, queries.grants_of(user_id), grants))
    actions.change_grants(user_id=user_id, grants=grants, now=caller.now, actor=caller.actor)


def set_active(caller: Caller, user_id: UUID, *, active: bool) -> None:
    """Let a user in again, or no longer; nobody shuts themselves out."""
    caller.require(PERMISSION)
    _check_rank(caller, user_id)
    if user_id == caller.authority.user_id:
        raise Conflict("You cannot end your own access.", field="user", fix="Ask a colleague to do it.")
    actions.set_active(user_id=user_id, active=active, now=caller.now, actor=caller.actor)


def remove_two_factor(caller: Caller, user_id: UUID) -> None:
    """Take away a lost second factor; nobody takes away their own that way."""
    caller.require(PERMISSION)
    _check_rank(caller, user_id)
    if user_id == caller.authority.user_id:
        raise Conflict("Change your own second factor on your own page.", field="user")
    actions.remove_two_factor(user_id=user_id, now=caller.now, actor=caller.actor)


def revoke_key(caller: Caller, key_id: UUID) -> None:
    """End an API key at once; who may manage the people of some legal entities ends the keys of those alone."""
    caller.require(PERMISSION)
    row = next((key for key in queries.list_api_keys() if key.id == key_id), None)
    if row is not None and not (
        caller.authority.allows(PERMISSION, row.entity_id)
        if row.entity_id
        else caller.authority.entities(PERMISSION) is None
    ):
        raise NotGrantable("This key is not for your legal entities alone.", field="key", fix="Ask an owner.")
    actions.revoke_api_key(key_id=key_id, now=caller.now, actor=caller.actor)


def granted(pairs: Iterable[tuple[str, str | None]]) -> tuple[Grant, ...]:
    """Roles as doors name them, each with the code of a legal entity or none; raises NotFound for an unknown code."""
    codes: dict[str, UUID] = {}
    found = []
    for role, code in pairs:
        if code and code not in codes:
            codes[code] = entity_by_code(code).id
        found.append(Grant(role, codes[code] if code else None))
    return tuple(dict.fromkeys(found))


def company_name() -> str:
    """The name in which people are invited: that of the first legal entity."""
    known = entities()
    if not known:
        raise NoCompany("Set up a legal entity first.", field="company")
    return known[0].name


def _check_rank(caller: Caller, user_id: UUID) -> None:
    """Whoever may not give the roles that a user holds may not touch that user's access either."""
    raise_all(grant_errors(caller.authority, (), queries.grants_of(user_id)))
