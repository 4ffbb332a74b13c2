"""The table of snapshots: of each figure and what was asked of it the last answer, and as of when."""

from django.db import models

from cashline.platform.database.tables import Table, instant_column


class Snapshot(Table):
    """A figure's last answer as JSON; none yet where it was only requested. `requested_at` stays until it is answered.

    `looked_at` is when somebody last wanted to see it, to the hour.
    """

    name = models.TextField()
    timezone = models.TextField()
    asked = models.TextField()
    answer = models.TextField(null=True)
    as_of = instant_column(null=True)
    milliseconds = models.IntegerField(db_default=0)
    requested_at = instant_column(null=True)
    requested_by = models.TextField(blank=True, db_default="")
    looked_at = instant_column()

    class Meta:
        db_table = "snapshots"
        constraints = [
            models.UniqueConstraint(fields=["name", "timezone", "asked"], name="snapshot_once"),
            models.CheckConstraint(
                condition=models.Q(answer__isnull=True, as_of__isnull=True)
                | models.Q(answer__isnull=False, as_of__isnull=False),
                name="snapshot_says_as_of_when",
            ),
        ]
