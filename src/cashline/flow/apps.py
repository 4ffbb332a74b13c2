"""The flow as an application: when it is ready, its stages are connected and the outbox knows who sends what."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings


class FlowConfig(AppConfig):
    """Registers `handoffs.HANDOFFS` with the event log, and with the outbox who sends each kind of message.

    Those are the platform's own senders, and the `SENDERS` of every domain's jobs. Quotes learn who foretells their
    tax, and prices that include tax who knows its rates.
    """

    name = "cashline.flow"
    label = "flow"

    def ready(self) -> None:
        """Connect the stages."""
        from cashline.flow.agree.catalog.queries import register_tax_percents
        from cashline.flow.agree.quotes.queries.documents import register_taxes
        from cashline.flow.handoffs import HANDOFFS
        from cashline.flow.invoice.taxes.queries import rate_table
        from cashline.flow.report.forecast.queries import quoted_taxes
        from cashline.platform.events.actions import register_handoffs
        from cashline.platform.outbox.sending import register_senders
        from cashline.platform.people.invitations import KIND as INVITATION_MAIL
        from cashline.platform.people.invitations import send_invitation
        from cashline.platform.webhooks.sending import send_webhook

        register_handoffs(HANDOFFS)
        register_taxes(quoted_taxes)
        register_tax_percents(rate_table)
        register_senders({"webhook": send_webhook, INVITATION_MAIL: send_invitation})
        for name in settings.FLOW:
            module = f"cashline.flow.{name}.jobs"
            if find_spec(module):
                register_senders(getattr(import_module(module), "SENDERS", {}))
