"""At any date a line has one version at most."""

from django.db import migrations

FORWARD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE agreement_lines ADD CONSTRAINT agreement_line_version_once UNIQUE (line_id, valid WITHOUT OVERLAPS);
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("contracts", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
