"""The one-row table that moves a sandbox's clock."""

from django.db import models

from cashline.platform.database.tables import instant_column


class Clock(models.Model):
    """Where the clock of this database stands: null means real time."""

    id = models.SmallIntegerField(primary_key=True, db_default=1)
    sandbox = models.BooleanField(db_default=False)
    frozen_at = instant_column(null=True)

    class Meta:
        db_table = "clock"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="clock_is_one"),
            models.CheckConstraint(
                condition=models.Q(sandbox=True) | models.Q(frozen_at__isnull=True), name="clock_moves_in_sandbox_only"
            ),
        ]
