"""Four more classes of tax, for countries with many rates."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the classes."""

    dependencies = [("commitments", "0002_promises_stand")]

    operations = [
        migrations.AlterField(
            model_name="commitment",
            name="tax_category",
            field=models.TextField(
                choices=[
                    ("standard", "standard"),
                    ("reduced", "reduced"),
                    ("second_reduced", "second_reduced"),
                    ("super_reduced", "super_reduced"),
                    ("parking", "parking"),
                    ("intermediate", "intermediate"),
                    ("increased", "increased"),
                    ("low", "low"),
                    ("special", "special"),
                    ("zero", "zero"),
                    ("exempt", "exempt"),
                ]
            ),
        ),
    ]
