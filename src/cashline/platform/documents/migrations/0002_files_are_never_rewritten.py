"""A stored file is evidence: it is added, read, and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER stored_files_append_only BEFORE UPDATE OR DELETE ON stored_files
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON stored_files FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("documents", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
