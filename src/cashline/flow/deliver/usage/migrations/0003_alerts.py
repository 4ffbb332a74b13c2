"""Alerts, and that each told once a period."""

import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FACTS = """
CREATE TRIGGER usage_alerts_reached_append_only BEFORE UPDATE OR DELETE ON usage_alerts_reached
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER usage_alerts_reached_never_emptied BEFORE TRUNCATE ON usage_alerts_reached
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON usage_alerts_reached FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Makes the tables."""

    dependencies = [("usage", "0002_usage_is_facts")]
    operations = [
        migrations.CreateModel(
            name="UsageAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("line_id", models.UUIDField()),
                ("threshold", models.DecimalField(decimal_places=12, max_digits=38)),
                ("period", models.TextField(choices=[("month", "month"), ("total", "total")])),
                ("created_at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "meter",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.usagemeter",
                    ),
                ),
            ],
            options={
                "db_table": "usage_alerts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["line_id", "meter"],
                        name="usage_alerts_active",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("threshold__gt", 0)), name="usage_threshold_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageAlertReached",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "alert_id", "period_start", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("period_start", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=12, max_digits=38)),
                ("reached_at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.usagealert",
                    ),
                ),
            ],
            options={"db_table": "usage_alerts_reached"},
        ),
        migrations.RunSQL(FACTS, migrations.RunSQL.noop),
    ]
