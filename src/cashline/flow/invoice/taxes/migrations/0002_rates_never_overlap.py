"""Rates of one country and category never overlap in time."""

from django.db import migrations

FORWARD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE tax_rates ADD CONSTRAINT tax_rate_valid_once UNIQUE (country, category, valid WITHOUT OVERLAPS);
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("taxes", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
