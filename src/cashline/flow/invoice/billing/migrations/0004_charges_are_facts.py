"""What was billed of a subscription is recorded once and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER subscription_charges_append_only BEFORE UPDATE OR DELETE ON subscription_charges
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON subscription_charges FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("billing", "0003_subscription_charges_of_plans"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
