"""Shipments know their customers, so that lists find them without walking all orders."""

from django.db import migrations, models

OF_THE_ORDER = "UPDATE shipments s SET customer_id = o.customer_id FROM orders o WHERE o.id = s.order_id"


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0005_one_index_each")]

    operations = [
        migrations.AddField(model_name="shipment", name="customer_id", field=models.UUIDField(null=True)),
        migrations.RunSQL(OF_THE_ORDER, migrations.RunSQL.noop),
        migrations.AlterField(model_name="shipment", name="customer_id", field=models.UUIDField(db_index=True)),
        migrations.RunSQL("ANALYZE shipments", migrations.RunSQL.noop),
    ]
