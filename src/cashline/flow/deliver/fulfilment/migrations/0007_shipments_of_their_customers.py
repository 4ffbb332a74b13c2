"""A shipment is of the customer of its order, by a foreign key."""

from django.db import migrations

FORWARD = """
ALTER TABLE shipments ADD CONSTRAINT shipment_of_its_customer
    FOREIGN KEY (order_id, customer_id) REFERENCES orders (id, customer_id);
"""


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0006_shipments_of_customers"), ("orders", "0004_orders_of_customers")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
