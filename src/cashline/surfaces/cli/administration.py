"""Commands of administration: `cashline user …` and `cashline key …`. Who can run them holds the database already."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

ACTOR = "system:cli"


@click.group()
def user() -> None:
    """People: list them, let them in, change what they may do."""


@user.command("list")
@click.option("--json", "as_json", is_flag=True)
def user_list(as_json: bool) -> None:
    """All users with their roles."""
    from cashline.kernel.identifiers import public
    from cashline.platform.lists import Ask
    from cashline.platform.people.queries import find_users

    cursor = ""
    while True:
        page = find_users(Ask("email", cursor=cursor, limit=500))
        for row in page.items:
            shown = {
                "id": public("user", row.id),
                "email": row.email,
                "name": row.name,
                "roles": row.roles,
                "customer": public("customer", row.customer_id) if row.customer_id else None,
                "active": row.is_active,
                "joined": row.joined,
            }
            held = ", ".join(row.roles) or ("portal" if row.customer_id else "no role")
            state = "" if row.is_active else "  (inactive)"
            click.echo(json.dumps(shown) if as_json else f"{row.email:40} {held}{state}")
        cursor = page.next_cursor
        if not cursor:
            return


@user.command("create")
@click.argument("email")
@click.option("--name", default="", help="What to call them.")
@click.option("--role", "roles", multiple=True, help="A role, or role@ENTITY for one legal entity; may be repeated.")
@click.option("--customer", default="", help="The id, number or reference of a customer: makes a portal user.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else they are invited.")
@click.option("--no-invite", is_flag=True, help="Make the user without a password and without a mail.")
@click.option("--json", "as_json", is_flag=True)
def user_create(
    email: str, name: str, roles: Sequence[str], customer: str, password_stdin: bool, no_invite: bool, as_json: bool
) -> None:
    """Let EMAIL in, by an invitation unless a password is given."""
    from cashline.kernel.identifiers import public
    from cashline.platform.people.actions import NewUser
    from cashline.platform.permissions.rules import SYSTEM
    from cashline.surfaces.inviting import granted, make_user

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    pairs = [(role, code or None) for role, _, code in (text.partition("@") for text in roles)]
    key = make_user(
        NewUser(email, name, password, granted(pairs), _customer(customer)),
        invited=password is None and not no_invite,
        authority=SYSTEM,
        now=_now(),
        actor=ACTOR,
    )
    invited = password is None and not no_invite
    _say(
        {"id": public("user", key), "email": email, "invited": invited},
        f"{email} can log in{' once they have chosen a password: an invitation is on its way' if invited else ''}.",
        as_json=as_json,
    )


@user.command("grant")
@click.argument("email")
@click.option("--role", "roles", multiple=True, help="A role, or role@ENTITY; all roles that the user shall have.")
@click.option("--json", "as_json", is_flag=True)
def user_grant(email: str, roles: Sequence[str], as_json: bool) -> None:
    """Replace the roles of EMAIL."""
    from cashline.platform.people.actions import change_grants
    from cashline.surfaces.inviting import granted

    grants = granted([(role, code or None) for role, _, code in (text.partition("@") for text in roles)])
    change_grants(user_id=_user(email), grants=grants, now=_now(), actor=ACTOR)
    _say({"email": email, "roles": list(roles)}, f"{email}: {', '.join(roles) or 'no role'}.", as_json=as_json)


@user.command("invite")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
def user_invite(email: str, as_json: bool) -> None:
    """Mail EMAIL a new link to choose a password."""
    from cashline.flow.agree.customers.queries import customer
    from cashline.platform.people import queries
    from cashline.platform.people.actions import send_invitations
    from cashline.surfaces.inviting import company_name

    found = queries.user(_user(email))
    locale = customer(found.customer_id).locale if found.customer_id else "en"
    send_invitations([found.id], company=company_name(), locale=locale, now=_now(), actor=ACTOR)
    _say({"email": email, "invited": True}, f"An invitation to {email} is on its way.", as_json=as_json)


@user.command("deactivate")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
def user_deactivate(email: str, as_json: bool) -> None:
    """Let EMAIL in no longer."""
    _set_active(email, active=False, as_json=as_json)


@user.command("activate")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
def user_activate(email: str, as_json: bool) -> None:
    """Let EMAIL in again."""
    _set_active(email, active=True, as_json=as_json)


@click.group()
def key() -> None:
    """API keys: list, make, revoke."""


@key.command("list")
@click.option("--json", "as_json", is_flag=True)
def key_list(as_json: bool) -> None:
    """All keys, without their secrets."""
    from cashline.kernel.identifiers import public
    from cashline.platform.people.queries import list_api_keys

    for row in list_api_keys():
        shown = {
            "id": public("api_key", row.id),
            "name": row.name,
            "prefix": row.prefix,
            "scopes": row.scopes,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
            "revoked": row.revoked_at is not None,
        }
        state = "revoked" if row.revoked_at else "active"
        click.echo(json.dumps(shown) if as_json else f"{shown['id']}  {row.prefix}…  {state:8} {row.name}")


@key.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="A permission, such as invoices.read; may be repeated.")
@click.option("--role", default="", help="All permissions of a role, such as auditor.")
@click.option("--entity", default="", help="The code of the one legal entity that the key is for.")
@click.option("--json", "as_json", is_flag=True)
def key_create(name: str, scopes: Sequence[str], role: str, entity: str, as_json: bool) -> None:
    """Make a key called NAME; its secret is shown this once."""
    from cashline.kernel.refusals import InvalidValue
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.people.actions import create_api_key
    from cashline.platform.permissions.rules import ROLES

    if role and role not in ROLES:
        raise InvalidValue(f"There is no role {role!r}.", field="role", fix=f"One of {', '.join(sorted(ROLES))}.")
    wanted = sorted({*scopes, *(ROLES[role] if role else ())})
    if not wanted:
        raise InvalidValue("A key needs a scope.", field="scopes", fix="Give --scope or --role.")
    entity_id = entity_by_code(entity).id if entity else None
    secret = create_api_key(name=name, scopes=wanted, entity_id=entity_id, now=_now(), actor=ACTOR)
    _say({"name": name, "secret": secret, "scopes": wanted}, secret, as_json=as_json)


@key.command("revoke")
@click.argument("key_id")
@click.option("--json", "as_json", is_flag=True)
def key_revoke(key_id: str, as_json: bool) -> None:
    """End the key with the id KEY_ID at once."""
    from cashline.kernel.identifiers import key_of
    from cashline.platform.people.actions import revoke_api_key

    revoke_api_key(key_id=key_of("api_key", key_id), now=_now(), actor=ACTOR)
    _say({"id": key_id, "revoked": True}, f"{key_id} is revoked.", as_json=as_json)


COMMANDS: tuple[click.Group, ...] = (user, key)


def _set_active(email: str, *, active: bool, as_json: bool) -> None:
    from cashline.platform.people.actions import set_active

    set_active(user_id=_user(email), active=active, now=_now(), actor=ACTOR)
    words = "can log in" if active else "can no longer log in"
    _say({"email": email, "active": active}, f"{email} {words}.", as_json=as_json)


def _user(email: str) -> Any:
    from cashline.kernel.refusals import NotFound
    from cashline.platform.people.queries import user_by_email

    found = user_by_email(email)
    if found is None:
        raise NotFound(f"There is no user {email}.", field="email")
    return found


def _customer(text: str) -> Any:
    from cashline.flow.agree.customers.queries import customer, customers_by_reference
    from cashline.kernel.identifiers import key_of
    from cashline.kernel.refusals import NotFound

    if not text:
        return None
    if found := customers_by_reference([text]).get(text):
        return found.id
    if text.startswith("cus_"):
        return customer(key_of("customer", text)).id
    raise NotFound(f"There is no customer {text!r}.", field="customer")


def _now() -> datetime:
    from cashline.platform.clock.queries import read_clock

    return read_clock().now


def _say(shape: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(shape) if as_json else sentence)
