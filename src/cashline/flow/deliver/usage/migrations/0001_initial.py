"""The tables of usage; the events are partitioned by the month of their time, which only SQL can say."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

EVENTS = """
CREATE TABLE usage_events (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    line_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    quantity numeric(38, 12) NOT NULL,
    item text NOT NULL,
    properties jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX usage_events_of_line ON usage_events (line_id, meter_id, at);
CREATE INDEX usage_events_known ON usage_events USING brin (known_at);
"""


class Migration(migrations.Migration):
    """Makes the tables."""

    initial = True
    dependencies = [("customers", "0001_initial"), ("subscriptions", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="UsageBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("door", models.TextField()),
                ("accepted", models.IntegerField()),
                ("duplicates", models.IntegerField()),
                ("refused", models.IntegerField()),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "usage_batches"},
        ),
        migrations.CreateModel(
            name="UsageMeter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(unique=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={"db_table": "usage_meters"},
        ),
        migrations.CreateModel(
            name="UsageReceipt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source", "event_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.TextField()),
                ("event_id", models.TextField()),
                ("id", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "usage_receipts"},
        ),
        migrations.CreateModel(
            name="UsageCorrection",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("line_id", models.UUIDField()),
                ("source", models.TextField()),
                ("event_id", models.TextField()),
                ("replacement", models.UUIDField(null=True, unique=True)),
                ("reason", models.TextField()),
                ("known_at", models.DateTimeField()),
                ("actor", models.TextField()),
            ],
            options={
                "db_table": "usage_corrections",
                "indexes": [models.Index(fields=["known_at"], name="usage_corrections_known")],
            },
        ),
        migrations.CreateModel(
            name="UsageDeadLetter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.TextField()),
                ("event_id", models.TextField()),
                ("payload", models.JSONField()),
                ("code", models.TextField()),
                ("field", models.TextField()),
                ("message", models.TextField()),
                (
                    "status",
                    models.TextField(
                        choices=[("waiting", "waiting"), ("replayed", "replayed"), ("discarded", "discarded")],
                        db_default="waiting",
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
                ("resolved_by", models.TextField(blank=True, db_default="")),
                ("reason", models.TextField(blank=True, db_default="")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="usage.usagebatch"
                    ),
                ),
            ],
            options={
                "db_table": "usage_dead_letters",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "waiting")), fields=["id"], name="usage_dead_letters_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "waiting"), models.Q(("event_id", ""), _negated=True)),
                        fields=("source", "event_id"),
                        name="usage_dead_letter_once",
                    )
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EVENTS, "DROP TABLE usage_events")],
            state_operations=[
                migrations.CreateModel(
                    name="UsageEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "id", "at", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("id", models.UUIDField()),
                        ("at", models.DateTimeField()),
                        ("source", models.TextField()),
                        ("event_id", models.TextField()),
                        ("line_id", models.UUIDField()),
                        ("quantity", models.DecimalField(decimal_places=12, max_digits=38)),
                        ("item", models.TextField()),
                        ("properties", models.JSONField()),
                        ("known_at", models.DateTimeField()),
                        (
                            "customer",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="customers.customer",
                            ),
                        ),
                        (
                            "meter",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="usage.usagemeter",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "usage_events",
                        "indexes": [models.Index(fields=["line_id", "meter", "at"], name="usage_events_of_line")],
                    },
                )
            ],
        ),
        migrations.CreateModel(
            name="UsageMeterVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.IntegerField()),
                ("name", models.TextField(blank=True, db_default="")),
                ("unit", models.TextField(blank=True, db_default="")),
                (
                    "aggregation",
                    models.TextField(
                        choices=[
                            ("count", "count"),
                            ("sum", "sum"),
                            ("max", "max"),
                            ("unique_count", "unique_count"),
                            ("latest", "latest"),
                            ("weighted_sum", "weighted_sum"),
                            ("average", "average"),
                            ("percentile", "percentile"),
                        ]
                    ),
                ),
                ("value_property", models.TextField(blank=True, db_default="")),
                ("item_property", models.TextField(blank=True, db_default="")),
                ("dimensions", django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ("percentile", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("created_at", models.DateTimeField()),
                ("actor", models.TextField()),
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
                "db_table": "usage_meter_versions",
                "constraints": [
                    models.UniqueConstraint(fields=("meter", "version"), name="usage_meter_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percentile__isnull", True),
                            models.Q(("percentile__gt", 0), ("percentile__lte", 100)),
                            _connector="OR",
                        ),
                        name="usage_percentile_in_range",
                    ),
                ],
            },
        ),
    ]
