"""The order in which coupons were granted, which decides in which they are used."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE coupon_grant_sequence;
GRANT USAGE ON SEQUENCE coupon_grant_sequence TO cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("coupons", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
