"""Obligations and revenue postings are recorded once and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER revenue_postings_append_only BEFORE UPDATE OR DELETE ON revenue_postings
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER obligations_append_only BEFORE UPDATE OR DELETE ON obligations
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON revenue_postings, obligations FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("revenue", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
