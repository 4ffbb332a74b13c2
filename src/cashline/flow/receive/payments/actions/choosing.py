"""Which gateways there are: Stripe where its key is set, the sandbox where the clock says that this is one.

`CASHLINE_STRIPE_KEY` and `CASHLINE_STRIPE_WEBHOOK_SECRET` set Stripe up, `CASHLINE_STRIPE_URL` its address where it is
not Stripe's own.
"""

import base64
import hashlib
import os
from functools import cache

from django.conf import settings

from cashline.flow.receive.payments.actions.charging import GatewayNamed
from cashline.flow.receive.payments.actions.sandbox import DatabaseStore
from cashline.flow.receive.payments.gateways.protocol import Gateway
from cashline.flow.receive.payments.gateways.sandbox import SandboxGateway
from cashline.kernel.refusals import Refusal


class GatewayNotSetUp(Refusal):
    """There is no such gateway here."""

    code = "gateway_not_set_up"


def gateway_names(*, sandbox: bool) -> tuple[str, ...]:
    """The gateways that can be used, the usual one first."""
    found = ("stripe",) if os.environ.get("CASHLINE_STRIPE_KEY") else ()
    return (*found, "sandbox") if sandbox else found


def gateways(*, sandbox: bool) -> GatewayNamed:
    """Gives gateways by name; raises GatewayNotSetUp, also for the sandbox's in a live company."""

    def named(name: str) -> Gateway:
        if name not in gateway_names(sandbox=sandbox):
            raise GatewayNotSetUp(
                f"There is no gateway {name[:40]!r} here.",
                field="gateway",
                fix="Set CASHLINE_STRIPE_KEY, or try in a sandbox." if not gateway_names(sandbox=sandbox) else "",
            )
        return sandbox_gateway() if name == "sandbox" else _stripe(*_stripe_settings())

    return named


@cache
def sandbox_gateway() -> SandboxGateway:
    """The gateway of sandboxes, over the database; its page for 3-D Secure is our own."""
    digest = hashlib.sha256(f"sandbox gateway {settings.SECRET_KEY}".encode()).digest()
    secret = f"whsec_{base64.b64encode(digest).decode()}"
    return SandboxGateway(DatabaseStore(), webhook_secret=secret, action_url=f"{settings.PUBLIC_URL}/sandbox/cards/")


def _stripe_settings() -> tuple[str, str, str]:
    return (
        os.environ["CASHLINE_STRIPE_KEY"],
        os.environ.get("CASHLINE_STRIPE_WEBHOOK_SECRET", ""),
        os.environ.get("CASHLINE_STRIPE_URL", ""),
    )


@cache
def _stripe(key: str, webhook_secret: str, address: str) -> Gateway:
    from cashline.flow.receive.payments.gateways.stripe import ADDRESS, StripeGateway  # slow to import: calls by HTTP

    return StripeGateway(key, webhook_secret=webhook_secret, address=address or ADDRESS)
