"""The table of number series."""

from django.db import models

from cashline.platform.database.tables import Table


class NumberSeries(Table):
    """The next number of a kind of document of a legal entity in a year (0 where the series does not restart)."""

    entity = models.ForeignKey("company.LegalEntity", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    year = models.IntegerField()
    next = models.BigIntegerField(db_default=1)

    class Meta:
        db_table = "number_series"
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind", "year"], name="number_series_once", nulls_distinct=False)
        ]
