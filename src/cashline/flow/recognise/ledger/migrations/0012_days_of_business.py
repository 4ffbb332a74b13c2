"""Books take no entry of a day that no calendar reaches: it would break every statement after it."""

from django.db import migrations

FORWARD = """
ALTER TABLE journal_entries ADD CONSTRAINT journal_entry_day_of_business CHECK (day BETWEEN '1900-01-01' AND '2200-12-31');
"""


class Migration(migrations.Migration):
    """Adds the check."""

    dependencies = [("ledger", "0011_one_check_of_balance")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
