"""The log takes events and forgets none: no grant and no trigger lets a row be changed."""

from django.db import migrations

FORWARD = """
ALTER TABLE events ALTER COLUMN transaction SET DEFAULT (pg_current_xact_id()::text::bigint);
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER event_blocks_append_only BEFORE UPDATE OR DELETE ON event_blocks
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER event_feed_append_only BEFORE UPDATE OR DELETE ON event_feed
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON events, event_blocks, event_feed FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds the triggers and takes the grants away."""

    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
