"""The facts of a life are recorded once and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER subscription_facts_append_only BEFORE UPDATE OR DELETE ON subscription_facts
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER subscription_facts_never_emptied BEFORE TRUNCATE ON subscription_facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON subscription_facts FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("subscriptions", "0002_lives"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
