"""Exemption certificates of one customer and country never overlap in time."""

from django.db import migrations

FORWARD = """
ALTER TABLE exemption_certificates
    ADD CONSTRAINT exemption_certificate_holds_once UNIQUE (customer_id, country, valid WITHOUT OVERLAPS);
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("taxes", "0004_exemption_certificates")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
