"""The flow as an application: when it is ready, its stages are connected and the outbox knows who sends what."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings


class FlowConfig(AppConfig):
    """Registers `handoffs.HANDOFFS` with the event log, and the `SENDERS` of every domain's jobs with the outbox."""

    name = "cashline.flow"
    label = "flow"

    def ready(self) -> None:
        """Connect the stages."""
        from cashline.flow.handoffs import HANDOFFS
        from cashline.platform.events.actions import register_handoffs
        from cashline.platform.outbox.sending import register_senders

        register_handoffs(HANDOFFS)
        for name in settings.FLOW:
            module = f"cashline.flow.{name}.jobs"
            if find_spec(module):
                register_senders(getattr(import_module(module), "SENDERS", {}))
