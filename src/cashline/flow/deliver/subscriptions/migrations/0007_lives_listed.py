from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0006_price_campaigns")]

    operations = [
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["id"], name="subscriptions_to_plans", condition=models.Q(plan_version__isnull=False)
            ),
        ),
    ]
