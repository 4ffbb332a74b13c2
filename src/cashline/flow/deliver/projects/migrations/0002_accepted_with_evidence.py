from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="installation",
            name="accepted_evidence",
            field=models.TextField(blank=True, db_default=""),
        ),
    ]
