"""An order and its customer are a key, so that what knows both is held to them by a foreign key."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_one_index_each")]

    operations = [
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("id", "customer"), name="order_of_a_customer"),
        ),
    ]
