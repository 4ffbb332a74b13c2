"""Events that post nothing, each with the reason; with the table of posting rules they are all events that there are.

A test reads the program's source and fails where an event stands in neither.
"""

_BY_REASON: dict[str, str] = {
    "it changes master data or settings, and no balance": (
        "CustomerCreated CustomerChanged CustomerBlocked CustomerUnblocked CustomerClosed ProductCreated "
        "ProductChanged "
        "PriceBookCreated PriceSet TaxRateSet ExemptionCertified ExemptionEnded "
        "WithholdingSet WithholdingCertified CommitmentMade CommitmentCancelled CommitmentTruedUp "
        "MoneyAlertSet MoneyAlertEnded MoneyAlertReached RenewalNoticePolicySet RenewalNoticed "
        "WarehouseCreated ReorderPointSet EntityCreated TaxRoundingSet FiscalCalendarSet "
        "ProvisioningEndpointSet CouponCreated CouponArchived "
        "CreditLimitSet CreditHeld CreditHoldLifted UserCreated UserInvited UserJoined UserActivated UserDeactivated "
        "UserRolesChanged UserTwoFactorRemoved ApiKeyCreated ApiKeyRevoked WebhookEndpointCreated "
        "WebhookEndpointPaused "
        "WebhookEndpointResumed WebhookSecretRotated WebhooksReplayed OutboxMessageRequeued OutboxMessageSettled "
        "AccountingBookOpened BookPoliciesSet "
        "BooksOpened PeriodClosed PeriodSoftClosed PeriodReopened BankAccountCreated BankAccountChanged "
        "ReminderPolicySet UsageMeterCreated UsageMeterChanged PlanPublished PlanConventionsSet BillingPolicySet "
        "InvoiceGroupingSet "
        "PriceIndexSet UsageAlertSet UsageAlertEnded PriceCampaignDrafted PriceCampaignStarted PriceCampaignStopped "
        "PriceCampaignResumed PriceCampaignApplied PriceCampaignUndoStarted PriceCampaignUndone PriceCampaignDiscarded"
    ),
    "an offer or a wholly unperformed contract is not recognised (IFRS 15.11)": (
        "QuoteCreated QuoteChanged QuoteApprovalRequested QuoteApproved QuoteRejected QuoteWithdrawn QuoteSent "
        "QuoteRevised QuoteAccepted QuoteDeclined QuoteExpired QuoteCancelled ApprovalRequested ApprovalGranted "
        "ApprovalRejected ApprovalWithdrawn AgreementCreated AgreementSentForSignature AgreementRecalled "
        "AgreementSigned AgreementDeclined AgreementCancelled AgreementEnded SignatureRequested SignatureViewed "
        "SignatureGiven SignatureDeclined OrderBooked OrderHeld OrderReleased OrderCancelled"
    ),
    "it plans or prepares a delivery; what moves goods or control has an event of its own": (
        "GoodsReserved GoodsBackordered ShipmentCreated ShipmentCancelled StepRetried ActivationStarted "
        "ActivationRequested ServiceProvisioned ServiceDeactivated DeactivationRequested ProvisioningFailed "
        "ProvisioningRetried ProvisioningCompensated InstallationStarted InstallationPlanned InstallationScheduled "
        "InstallationFinished InstallationRejected InstallationCancelled SubscriptionCreated"
    ),
    "control passed before (on shipment) or passes over time: the revenue run reads the delivery facts": (
        "ShipmentDelivered OrderCompleted SubscriptionActivated SubscriptionCancelled SubscriptionEnded "
        "InstallationAccepted"
    ),
    "usage is a fact that bills and revenue are planned from; its invoice posts": (
        "UsageRecorded UsageCorrected UsageReplayed UsageDiscarded UsageThresholdReached"
    ),
    "what it makes due is billed at once or by a run, and those documents post": (
        "SubscriptionStarted SubscriptionPlanChanged SubscriptionQuantityChanged SubscriptionPriceChanged "
        "SubscriptionTermSet SubscriptionRenewed SubscriptionExtended SubscriptionChangeConfirmed "
        "SubscriptionChangeLapsed "
        "SubscriptionAddOnChanged SubscriptionBillingDayMoved SubscriptionTrialExtended SubscriptionPaused "
        "SubscriptionResumed SubscriptionStopped SubscriptionReactivated SubscriptionChangeWithdrawn"
    ),
    "it tells of a run, whose documents post for themselves": (
        "BillRunStarted BillRunResumed BillRunStopped BillRunCompleted BillRunProposed BillRunApproved "
        "BillRunDiscarded BillRunReversing BillRunReversed OrdersImported"
    ),
    "a bill that waits is no invoice, and posts when it is issued": (
        "BillDrafted BillHeld BillHoldLapsed BillReleased BillRefused WaitingBillIssued"
    ),
    "it tells of the close, or of files made of the journal": (
        "CloseTaskAssigned CloseTaskSigned PeriodRevalued JournalExported JournalExportAcknowledged"
    ),
    "it posts to a book beside the journal, whose entries hold where it differs": "BookAdjusted",
    "its credit note posts": "InvoiceVoided DisputeCredited CreditKept",
    "an empty wallet holds nothing, and a rule moves nothing": "WalletOpened WalletClosed WalletTopUpRuleSet",
    "a discount reduces what an invoice bills, and the invoice posts": "CouponGranted CouponWithdrawn",
    "what is known of an arrangement, or a price, counts when revenue is run": "StandAlonePricesStudied "
    "StandAlonePriceApproved StandAlonePriceRejected RevenueArrangementRecorded RevenueFactsRecorded",
    "asking for money, or contesting it, moves none": (
        "ReminderSent RemindersHeld ReminderHoldLifted PromiseRecorded DisputeOpened DisputeReviewed DisputeRejected "
        "DisputeWithdrawn DisputeReopened"
    ),
    "no money has moved yet, or the money moved is posted by another event": (
        "PaymentIntentCreated PaymentActionRequired PaymentFailed PaymentRefundRequested PaymentRefundFailed "
        "ChargebackLost BankStatementImported BankLineMatched BankLineUnmatched BankLineIgnored BankLineTakenUp"
    ),
}
NOT_POSTING: dict[str, str] = {event: reason for reason, events in _BY_REASON.items() for event in events.split()}
"""The reason by event."""
