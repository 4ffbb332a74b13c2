"""A signature is of an accounting period: a half-open range of days in place of a calendar month."""

from django.db import migrations, models

RANGES = """
ALTER TABLE close_signatures ALTER COLUMN ends_on TYPE date USING (starts_on + interval '1 month')::date;
ALTER TABLE close_signatures ALTER COLUMN ends_on SET NOT NULL;
"""


class Migration(migrations.Migration):
    """Turns months into ranges; a change of the column's type rewrites no signature."""

    dependencies = [("closing", "0002_signatures_are_facts")]
    operations = [
        migrations.RemoveIndex(model_name="closesignature", name="close_signatures_month"),
        migrations.RemoveConstraint(model_name="closesignature", name="close_signature_is_of_a_month"),
        migrations.RenameField(model_name="closesignature", old_name="month", new_name="starts_on"),
        migrations.AddField(model_name="closesignature", name="ends_on", field=models.DateField(null=True)),
        migrations.RunSQL(
            RANGES,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AlterField(model_name="closesignature", name="ends_on", field=models.DateField())
            ],
        ),
        migrations.AddConstraint(
            model_name="closesignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))), name="close_signature_is_of_a_period"
            ),
        ),
        migrations.AddIndex(
            model_name="closesignature",
            index=models.Index(fields=["entity", "starts_on", "id"], name="close_signatures_period"),
        ),
    ]
