"""The link of an invitation: signed, for some days, and void once a password was chosen.

No table and no outbox message holds it: it is made when the mail is sent. Its age is judged by the machine's own time,
also in a sandbox, because the person who gets it lives in real time.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from cashline.kernel.refusals import NotFound
from cashline.platform import sql
from cashline.platform.mail.sending import Mail, send_mail
from cashline.platform.outbox.rules import Payload, SendingFailed
from cashline.platform.people.queries import UserRow, user
from cashline.platform.people.wording import PORTAL, STAFF, invitation_words

VALID = timedelta(days=7)
KIND = "invitation_mail"
_SALT = "cashline.invitation"


class InvitationVoid(NotFound):
    """The link was changed, used, replaced by a newer password, or is too old."""

    code = "invitation_void"


def invitation_token(user_id: UUID) -> str:
    """The signed token of a user, who must be active; it is void once their password changes."""
    return signing.dumps([str(user_id), _state(user_id)], salt=_SALT)


def invitation_url(user_id: UUID) -> str:
    """Where the user chooses a password."""
    return f"{settings.PUBLIC_URL}/account/invitation/{invitation_token(user_id)}/"


def user_of_invitation(token: str) -> UserRow:
    """Who a token invites; raises InvitationVoid."""
    void = InvitationVoid(
        "This link no longer works.", field="token", fix="Ask for a new invitation, or sign in if you have a password."
    )
    try:
        found = signing.loads(token, salt=_SALT, max_age=VALID)
        key, state = UUID(found[0]), str(found[1])
        invited = user(key)
    except (signing.BadSignature, NotFound, ValueError, TypeError, IndexError, KeyError):
        raise void from None
    if not invited.is_active or not constant_time_compare(state, _state(key)):
        raise void
    return invited


def send_invitation(payload: Payload, *, key: str, now: object) -> None:  # noqa: ARG001 - senders share one shape
    """Send one invitation, with a link made now; raises SendingFailed."""
    try:
        invited = user(UUID(str(payload["user_id"])))
    except NotFound as error:
        raise SendingFailed("The user is gone.", again=False) from error
    if not invited.is_active:
        raise SendingFailed("The user may no longer log in.", again=False)
    words = invitation_words(PORTAL if invited.customer_id else STAFF, str(payload["locale"]))
    values = {
        "name": invited.name or invited.email,
        "company": str(payload["company"]),
        "link": invitation_url(invited.id),
        "days": VALID.days,
    }
    send_mail(Mail(invited.email, words.subject.format(**values), words.text.format(**values)), key=key)


def _state(user_id: UUID) -> str:
    """What a chosen password changes; a secret of ours, of which nothing of the password can be told."""
    row = sql.fetch_one("SELECT password FROM users WHERE id = %s", (user_id,))
    return salted_hmac(_SALT, row[0] if row else "", algorithm="sha256").hexdigest()[:32]
