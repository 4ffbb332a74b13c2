"""The roles of accounts are the rules' to list; the table takes what is a name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """No list of roles to repeat with each new one."""

    dependencies = [("ledger", "0009_intercompany_accounts")]

    operations = [
        migrations.AlterField(model_name="account", name="role", field=models.TextField()),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__regex", "^[a-z]+(_[a-z]+)*$")), name="account_role_named"
            ),
        ),
    ]
