from django.db import migrations, models


class Migration(migrations.Migration):
    """An index of the disputes that are open, the oldest first."""

    dependencies = [("disputes", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("resolved_on__isnull", True)), fields=["opened_on", "id"], name="disputes_open"
            ),
        ),
    ]
