"""Intercompany sales and what settles them; facts are never rewritten, and of a sale only what is settled moves."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
CREATE TRIGGER intercompany_movements_append_only BEFORE UPDATE OR DELETE ON intercompany_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER intercompany_movements_never_emptied BEFORE TRUNCATE ON intercompany_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE FUNCTION refuse_changing_intercompany_sale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.settled_amount < OLD.settled_amount
        OR (to_jsonb(NEW) - 'settled_amount') IS DISTINCT FROM (to_jsonb(OLD) - 'settled_amount') THEN
        RAISE EXCEPTION 'intercompany sale % cannot change', OLD.number USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER intercompany_sales_stand BEFORE UPDATE OR DELETE ON intercompany_sales
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_intercompany_sale();
CREATE TRIGGER intercompany_sales_never_emptied BEFORE TRUNCATE ON intercompany_sales
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON intercompany_movements FROM cashline_app;
REVOKE DELETE, TRUNCATE ON intercompany_sales FROM cashline_app;
"""


def _key() -> tuple[str, "models.UUIDField[Any, Any]"]:
    key = cashline.kernel.identifiers.new_id
    return "id", models.UUIDField(default=key, editable=False, primary_key=True, serialize=False)


def _link(to: str, *, db_index: bool = True) -> "models.ForeignKey[Any, Any]":
    protect = django.db.models.deletion.PROTECT
    return models.ForeignKey(on_delete=protect, related_name="+", to=to, db_index=db_index)


class Migration(migrations.Migration):
    """Adds the tables."""

    initial = True
    dependencies = [
        ("company", "0002_tax_rounding"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
        ("ledger", "0009_intercompany_accounts"),
    ]
    operations = [
        migrations.CreateModel(
            name="IntercompanySale",
            fields=[
                _key(),
                ("number", models.TextField(unique=True)),
                ("seller", _link("company.legalentity", db_index=False)),
                ("buyer", _link("company.legalentity", db_index=False)),
                ("currency", models.TextField(max_length=3)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("settled_amount", models.DecimalField(db_default=0, decimal_places=4, max_digits=20)),
                ("seller_rate", models.DecimalField(decimal_places=10, max_digits=24)),
                ("buyer_rate", models.DecimalField(decimal_places=10, max_digits=24)),
                ("sold_on", models.DateField()),
                ("text", models.TextField()),
                ("created_by", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "intercompany_sales",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seller", models.F("buyer")), _negated=True),
                        name="intercompany_sale_between_two",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="intercompany_sale_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("settled_amount__gte", 0), ("settled_amount__lte", models.F("amount"))),
                        name="intercompany_sale_settled_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IntercompanyMovement",
            fields=[
                _key(),
                ("sale", _link("intercompany.intercompanysale")),
                ("kind", models.TextField(choices=[("paid", "paid"), ("reversed", "reversed")])),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("moved_on", models.DateField()),
                ("reason", models.TextField(blank=True, db_default="")),
                ("created_by", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "intercompany_movements",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="intercompany_movement_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "reversed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="intercompany_reversal_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["paid", "reversed"])), name="intercompany_movement_kind"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
