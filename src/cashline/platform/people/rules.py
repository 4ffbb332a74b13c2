"""Who may give which rights: nobody gives more than they hold, and the company never loses its last owner."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from cashline.kernel.refusals import Conflict, Forbidden, Refusal
from cashline.platform.permissions.rules import Authority, Grant

OWNER = "owner"
PERMISSION = "people.write"


class NotGrantable(Forbidden):
    """A right that the asker may not give or take."""

    code = "not_grantable"


class LastOwner(Conflict):
    """The company keeps at least one person who may do everything."""

    code = "last_owner"


def grant_errors(authority: Authority, before: Iterable[Grant], after: Iterable[Grant]) -> Iterator[Refusal]:
    """What of a change of roles is not the asker's to do: only owners touch owners, all within their legal entities."""
    everywhere = authority.entities(PERMISSION) is None
    for grant in sorted(set(before) ^ set(after), key=lambda one: (one.role, str(one.entity_id))):
        if grant.role == OWNER and not _owns(authority, grant.entity_id):
            yield NotGrantable("Only an owner makes or unmakes an owner.", field="grants", fix="Ask an owner.")
        elif grant.entity_id is None and not everywhere:
            yield NotGrantable(
                "You may give roles for your own legal entities, not for all.", field="grants", fix="Name one of them."
            )
        elif grant.entity_id is not None and not authority.allows(PERMISSION, grant.entity_id):
            yield NotGrantable("You may not give roles for this legal entity.", field="grants")


def scope_errors(authority: Authority, scopes: Iterable[str], entity_id: UUID | None) -> Iterator[Refusal]:
    """The scopes that the maker of an API key does not hold there, and so cannot give."""
    for scope in dict.fromkeys(scopes):
        held = authority.entities(scope)
        if held is not None and entity_id not in held:
            yield NotGrantable(
                f"A key cannot do more than its maker: you do not hold {scope}{'' if entity_id else ' everywhere'}.",
                field="scopes",
            )


def _owns(authority: Authority, entity_id: UUID | None) -> bool:
    return authority.scopes is None and any(
        grant.role == OWNER and grant.entity_id in (None, entity_id) for grant in authority.grants
    )
