"""Prices of one product, book and interval never overlap in time."""

from django.db import migrations

FORWARD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE prices ADD CONSTRAINT price_valid_once
    UNIQUE (price_book_id, product_id, interval_months, valid WITHOUT OVERLAPS);
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
