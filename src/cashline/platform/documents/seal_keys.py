"""The seal key of each legal entity: made when first needed, its private half encrypted with a key of the program's.

Whoever has the database alone cannot seal: the encryption key is derived from the program's secret key (HKDF-SHA256).
"""

import base64
from datetime import datetime
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import sql
from cashline.platform.documents.sealing import SealKey, new_seal_key


class SealKeyLocked(Refusal):
    """The seal key was encrypted with another secret key than the program has now."""

    code = "seal_key_locked"
    status = 409


def _cipher() -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cashline seal key").derive(
        settings.SECRET_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


@transaction.atomic
def seal_key_of(entity_id: UUID, *, now: datetime) -> SealKey:
    """The key with which a legal entity seals its documents; made and kept the first time (about a second)."""
    row = sql.fetch_one(
        "SELECT name, seal_key, seal_certificate FROM legal_entities WHERE id = %s FOR NO KEY UPDATE", (entity_id,)
    )
    if row is None:
        raise NotFound(f"There is no legal entity {entity_id}.", field="entity")
    name, stored, certificate = row
    if stored is None:
        key = new_seal_key(name, now)
        sql.execute(
            "UPDATE legal_entities SET seal_key = %s, seal_certificate = %s WHERE id = %s",
            (_cipher().encrypt(key.private_key), key.certificate, entity_id),
        )
        return key
    try:
        return SealKey(_cipher().decrypt(bytes(stored)), bytes(certificate))
    except InvalidToken:
        raise SealKeyLocked(
            "The seal key cannot be opened: the program's secret key is not the one that it was made with.",
            fix="Start the program with the CASHLINE_SECRET_KEY that this database was used with before.",
        ) from None


def seal_certificate(entity_id: UUID) -> bytes | None:
    """The certificate (PEM) of a legal entity's seal; None before the first."""
    row = sql.fetch_one("SELECT seal_certificate FROM legal_entities WHERE id = %s", (entity_id,))
    return bytes(row[0]) if row and row[0] is not None else None
