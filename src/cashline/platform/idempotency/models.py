"""The table of idempotency keys, unique by actor and key."""

from django.db import models

from cashline.platform.database.tables import Table, instant_column


class IdempotencyKey(Table):
    """A key given by a client, the fingerprint of its request, and the answer given."""

    actor = models.TextField()
    key = models.TextField()
    fingerprint = models.TextField()
    response_status = models.IntegerField(null=True)
    response_body = models.BinaryField(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once")]
