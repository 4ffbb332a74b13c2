"""Alerts on money, and what customers were told of renewals; what was told is never rewritten."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
CREATE TRIGGER renewal_notices_append_only BEFORE UPDATE OR DELETE ON renewal_notices
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER renewal_notices_never_emptied BEFORE TRUNCATE ON renewal_notices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON renewal_notices FROM cashline_app;
"""


def _one_to_one(to: str) -> models.OneToOneField:  # type: ignore[type-arg]
    return models.OneToOneField(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        primary_key=True,
        related_name="+",
        serialize=False,
        to=to,
    )


def _link(to: str, **options: Any) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to, **options)


class Migration(migrations.Migration):
    """Adds the tables, and what Django cannot say."""

    initial = True
    dependencies = [
        ("company", "0001_initial"),
        ("credits", "0002_movements_are_facts"),
        ("customers", "0002_found_by_words"),
        ("flow", "0004_no_facts_are_truncated"),
        ("subscriptions", "0008_changes_that_wait"),
    ]

    operations = [
        migrations.CreateModel(
            name="MoneyAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(choices=[("charges", "charges"), ("wallet", "wallet")])),
                ("currency", models.TextField(max_length=3)),
                ("threshold", models.DecimalField(decimal_places=4, max_digits=20)),
                ("email", models.TextField()),
                ("told_for", models.TextField(blank=True, db_default="")),
                ("looked_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("customer", _link("customers.customer")),
                ("entity", _link("company.legalentity", db_index=False)),
                ("subscription", _link("subscriptions.subscription", db_index=False, null=True)),
                ("wallet", _link("credits.wallet", db_index=False, null=True)),
            ],
            options={
                "db_table": "money_alerts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["kind", "looked_at"],
                        name="money_alerts_active",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("threshold__gt", 0)), name="money_alert_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "charges"), ("subscription__isnull", False), ("wallet__isnull", True)),
                            models.Q(("kind", "wallet"), ("subscription__isnull", True), ("wallet__isnull", False)),
                            _connector="OR",
                        ),
                        name="money_alert_of_one_thing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RenewalNoticePolicy",
            fields=[("entity", _one_to_one("company.legalentity")), ("days", models.IntegerField())],
            options={
                "db_table": "renewal_notice_policies",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("days__range", (1, 365))), name="renewal_notice_days_make_sense"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RenewalNotice",
            fields=[("fact", _one_to_one("subscriptions.subscriptionfact")), ("told_at", models.DateTimeField())],
            options={"db_table": "renewal_notices"},
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
