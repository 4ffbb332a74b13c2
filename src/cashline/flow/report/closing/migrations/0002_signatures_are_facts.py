"""A signature is given once and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER close_signatures_append_only BEFORE UPDATE OR DELETE ON close_signatures
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON close_signatures FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("closing", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
