"""Usage at the event that came to nothing is kept without a document, so that it is not billed again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Lets a charge of 0 stand on no document."""

    dependencies = [("billing", "0010_ending_before_the_term")]

    operations = [
        migrations.RemoveConstraint(model_name="subscriptioncharge", name="subscription_charge_on_a_document"),
        migrations.AddConstraint(
            model_name="subscriptioncharge",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_note__isnull", True), ("invoice_line__isnull", False))
                | models.Q(
                    ("against__isnull", False),
                    ("amount__lt", 0),
                    ("credit_note__isnull", False),
                    ("invoice_line__isnull", True),
                )
                | models.Q(
                    ("against__isnull", True),
                    ("amount", 0),
                    ("credit_note__isnull", True),
                    ("invoice_line__isnull", True),
                ),
                name="subscription_charge_on_a_document",
            ),
        ),
    ]
