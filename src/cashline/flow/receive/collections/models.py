"""Tables of reminders: the ladder of each entity, letters and their lines, holds, and promises to pay."""

from django.db import models

from cashline.platform.database.tables import Table, amount_column, currency_column, instant_column, link_to


class ReminderPolicy(models.Model):
    """The ladder that a legal entity declared (see `rules.declaring`)."""

    entity = models.OneToOneField("company.LegalEntity", primary_key=True, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField()

    class Meta:
        db_table = "reminder_policies"


class ReminderLetter(Table):
    """A letter to a customer about what is overdue at a legal entity in a currency; its tone is that of `level`."""

    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    currency = currency_column()
    level = models.IntegerField()
    total = amount_column()
    sent_on = models.DateField()
    email = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "reminder_letters"


class Reminder(Table):
    """One overdue invoice of a letter; `amount` is what was asked for."""

    letter = link_to("collections.ReminderLetter")
    invoice = link_to("invoices.Invoice")
    level = models.IntegerField()
    amount = amount_column()
    due_on = models.DateField()
    days_overdue = models.IntegerField()
    sent_on = models.DateField()

    class Meta:
        db_table = "reminders"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "level"], name="reminder_once_per_level"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="reminder_positive"),
        ]


class ReminderHold(models.Model):
    """No reminders to a customer up to and with a day."""

    customer = models.OneToOneField("customers.Customer", primary_key=True, on_delete=models.PROTECT, related_name="+")
    until = models.DateField()
    reason = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "reminder_holds"


class PromiseToPay(Table):
    """A customer's promise to pay (a part of) an invoice by a day; reminders wait for it."""

    invoice = link_to("invoices.Invoice")
    amount = amount_column()
    promised_for = models.DateField()
    note = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "promises_to_pay"
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="promise_positive")]
