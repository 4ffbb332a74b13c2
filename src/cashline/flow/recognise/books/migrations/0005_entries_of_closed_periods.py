"""An entry of a book that came late keeps the day to which it belongs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds it; null where an entry stands on its day."""

    dependencies = [("books", "0004_days_of_business")]
    operations = [
        migrations.AddField(model_name="bookentry", name="belongs_on", field=models.DateField(null=True)),
    ]
