"""Tables of billing: runs, and which agreements have something to bill. What was billed stands on invoice lines."""

from django.db import models

from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.flow.invoice.billing.rules.lifecycle import BillRunStatus, GateStatus
from cashline.flow.invoice.billing.rules.plans.shapes import Component
from cashline.flow.invoice.billing.rules.waiting import WaitingCause, WaitingStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    quantity_column,
    rate_column,
    status_column,
)


class BillRun(Table):
    """A run of billing up to a day, with its manifest: counts, totals by currency, exceptions and a hash.

    `proposal` is the manifest of its preview, where it was to be approved before it posted. Taken back, it keeps why
    and (`reversal`) how far that is.
    """

    number = models.TextField(unique=True)
    entity = link_to("company.LegalEntity", null=True)
    as_of = models.DateField()
    status = status_column(BillRunStatus)
    manifest = models.JSONField(default=dict)
    started_at = instant_column()
    ended_at = instant_column(null=True)
    started_by = models.TextField()
    proposal = models.JSONField(null=True)
    approved_by = models.TextField(blank=True, db_default="")
    reversal_reason = models.TextField(blank=True, db_default="")
    reversal = models.JSONField(null=True)

    class Meta:
        db_table = "bill_runs"


class BillingSchedule(models.Model):
    """When a run must look at an agreement; written by the deliveries of it and by every run, never read by planning.

    `due_on` is the next day on which something falls due (null: nothing as the facts stand). What fell due up to
    `settled_through` is billed as the facts say; null means that they have changed since, so that all is compared.
    `plans`: it is a framework under which rate plans are subscribed to. `held`: a bill of it waits.
    """

    agreement = models.OneToOneField(
        "contracts.Agreement", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    customer_id = models.UUIDField()
    entity_id = models.UUIDField()
    due_on = models.DateField(null=True)
    settled_through = models.DateField(null=True)
    billed = models.BooleanField(db_default=False)
    plans = models.BooleanField(db_default=False)
    held = models.BooleanField(db_default=False)

    class Meta:
        db_table = "billing_schedules"
        indexes = [
            models.Index(
                fields=["customer_id", "agreement", "due_on"],
                name="billing_schedules_due",
                condition=models.Q(due_on__isnull=False),
            ),
            models.Index(
                fields=["due_on", "agreement"], name="billing_schedules_day", condition=models.Q(due_on__isnull=False)
            ),
        ]


class SubscriptionCharge(Table):
    """What was billed of a subscription to a plan: a line of an invoice, or (negative) what a credit note gave back.

    `subject` and days say what it was for; a later plan is compared with it. `against` is the charge whose days or
    amount a negative one gives back. `early`: billed at a usage threshold, and taken off the bill of the period.
    Usage at the event that came to nothing is on no document.
    """

    subscription = link_to("subscriptions.Subscription")
    component = status_column(Component)
    plan_version = link_to("plans.PlanVersion", db_index=False)
    meter = models.TextField(blank=True, db_default="")
    dimension = models.TextField(blank=True, db_default="")
    value = models.TextField(blank=True, db_default="")
    add_on = models.TextField(blank=True, db_default="")
    early = models.BooleanField(db_default=False)
    place = models.TextField(blank=True, db_default="")
    source_id = models.UUIDField()
    revision = models.IntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    whole_start = models.DateField()
    whole_end = models.DateField()
    days = models.IntegerField()
    of_days = models.IntegerField()
    quantity = models.DecimalField(max_digits=40, decimal_places=12)
    level_at_end = quantity_column(null=True)
    unit_price = rate_column()
    amount = amount_column()
    against = link_to("billing.SubscriptionCharge", null=True, db_index=False)
    invoice_line = link_to("invoices.InvoiceLine", null=True)
    credit_note = link_to("credit_notes.CreditNote", null=True)
    recorded_at = instant_column()

    class Meta:
        db_table = "subscription_charges"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(invoice_line__isnull=False, credit_note__isnull=True)
                | models.Q(invoice_line__isnull=True, credit_note__isnull=False, against__isnull=False, amount__lt=0)
                | models.Q(invoice_line__isnull=True, credit_note__isnull=True, against__isnull=True, amount=0),
                name="subscription_charge_on_a_document",
            ),
        ]


class SubscriptionSettlement(models.Model):
    """The day before which a subscription to a plan is settled, and the instant at which that day begins.

    A derived aid: without its row the bills are the same, planned from the first day. What touches an earlier instant
    takes the row away.
    """

    subscription = models.OneToOneField(
        "subscriptions.Subscription", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    day = models.DateField()
    at = instant_column()

    class Meta:
        db_table = "subscription_settlements"


class EntityBillingPolicy(models.Model):
    """How a legal entity lets its runs post; `rules.waiting.BillingPolicy` says what each column means."""

    entity = models.OneToOneField(
        "company.LegalEntity", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    gated = models.BooleanField()
    bills = models.IntegerField()
    least = models.IntegerField()
    deviations = rate_column()
    tolerance = rate_column()
    first_limit = amount_column(null=True)
    grace_days = models.IntegerField()
    approval = models.BooleanField()

    class Meta:
        db_table = "billing_policies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(least__gte=1, bills__gte=models.F("least"), deviations__gte=0, tolerance__gte=0)
                & models.Q(grace_days__range=(0, 60)),
                name="billing_policy_makes_sense",
            )
        ]


class InvoiceGrouping(models.Model):
    """What runs put on one invoice of a customer, where that is not one agreement; `rules.grouping` says how."""

    customer = models.OneToOneField(
        "customers.Customer", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    group_by = status_column(GroupBy)

    class Meta:
        db_table = "invoice_groupings"


class WaitingBill(Table):
    """A bill of an agreement that waits: held by the anomaly gate or a person, or a draft in its grace window.

    The amounts and lines are those of the last plan, and refreshed by each run; nothing of it is in the books. `until`
    is when the grace window ends. There is at most one of an agreement that is not settled.
    """

    agreement = link_to("contracts.Agreement", db_index=False)
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    bill_run = link_to("billing.BillRun", null=True)
    cause = status_column(WaitingCause)
    status = status_column(WaitingStatus)
    words = models.TextField()
    as_of = models.DateField()
    until = models.DateField(null=True)
    currency = currency_column()
    net = amount_column()
    tax = amount_column()
    gross = amount_column()
    credited = amount_column()
    usual = amount_column(null=True)
    lower = amount_column(null=True)
    upper = amount_column(null=True)
    lines = models.JSONField()
    created_at = instant_column()
    changed_at = instant_column()
    decided_by = models.TextField(blank=True, db_default="")
    decision_reason = models.TextField(blank=True, db_default="")
    invoice = link_to("invoices.Invoice", null=True, db_index=False)

    class Meta:
        db_table = "waiting_bills"
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], name="waiting_bill_once", condition=models.Q(status__in=["waiting", "refused"])
            ),
            models.CheckConstraint(
                condition=~models.Q(status="refused") | ~models.Q(decided_by=""),
                name="waiting_bill_refused_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["status", "id"], name="waiting_bills_status")]


class GatedChange(Table):
    """A change of a subscription that counts once its invoice is paid, and is taken back when it has waited long."""

    subscription = link_to("subscriptions.Subscription")
    fact = link_to("subscriptions.SubscriptionFact", db_index=False)
    invoice = link_to("invoices.Invoice", db_index=False, null=True)
    status = status_column(GateStatus, db_default=GateStatus.WAITING)
    expires_at = instant_column()
    created_at = instant_column()

    class Meta:
        db_table = "gated_changes"
        constraints = [
            models.UniqueConstraint(fields=["fact"], name="gated_change_of_a_fact_once"),
            models.UniqueConstraint(
                fields=["subscription"], name="gated_change_waits_once", condition=models.Q(status="waiting")
            ),
        ]
