"""The table of reminders: one per invoice and level."""

from django.db import models

from cashline.platform.database.tables import Table, amount_column, instant_column, link_to


class Reminder(Table):
    """A reminder sent for an overdue invoice."""

    customer = link_to("customers.Customer")
    invoice = link_to("invoices.Invoice")
    level = models.IntegerField()
    open_amount = amount_column()
    sent_on = models.DateField()
    created_at = instant_column()

    class Meta:
        db_table = "reminders"
        constraints = [models.UniqueConstraint(fields=["invoice", "level"], name="reminder_once_per_level")]


class PromiseToPay(Table):
    """A customer's promise to pay an invoice by a day; reminders wait for it."""

    invoice = link_to("invoices.Invoice")
    amount = amount_column()
    promised_for = models.DateField()
    note = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "promises_to_pay"
