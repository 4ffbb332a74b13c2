"""A version of a plan is never rewritten: who subscribed to it keeps it."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER plan_versions_append_only BEFORE UPDATE OR DELETE ON plan_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON plan_versions FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("plans", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
