"""The flow as an application: when it is ready, the hand-offs between its stages are known to the event log."""

from django.apps import AppConfig


class FlowConfig(AppConfig):
    """Registers `handoffs.HANDOFFS` with the event log."""

    name = "cashline.flow"
    label = "flow"

    def ready(self) -> None:
        """Connect the stages."""
        from cashline.flow.handoffs import HANDOFFS
        from cashline.platform.events.actions import register_handoffs

        register_handoffs(HANDOFFS)
