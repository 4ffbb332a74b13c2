"""Facts and postings of arrangements are recorded once and never rewritten."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER revenue_facts_append_only BEFORE UPDATE OR DELETE ON revenue_facts
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER revenue_facts_never_emptied BEFORE TRUNCATE ON revenue_facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE TRIGGER arrangement_postings_append_only BEFORE UPDATE OR DELETE ON arrangement_postings
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER arrangement_postings_never_emptied BEFORE TRUNCATE ON arrangement_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
ALTER TABLE revenue_facts ADD CONSTRAINT revenue_fact_kind CHECK (kind IN ('contract', 'judgement', 'event', 'cost'));
ALTER TABLE revenue_facts ADD CONSTRAINT revenue_judgement_is_answered_for
    CHECK (kind <> 'judgement' OR (paragraph <> '' AND recorded_by <> ''));
REVOKE UPDATE, DELETE, TRUNCATE ON revenue_facts, arrangement_postings FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("revenue", "0003_arrangements"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
