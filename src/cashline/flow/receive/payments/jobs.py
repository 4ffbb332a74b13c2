"""What runs by itself: charges and refunds whose outcome is unknown are asked for again, and sandboxes get reports.

No transaction is open around a step; each may run on any number of workers.
"""

from datetime import datetime

from cashline.flow.receive.payments import actions
from cashline.platform.clock.queries import machine_time, read_clock


def settle_charges(*, now: datetime, actor: str) -> int:
    """Charge for wallets that are low, and take up what gateways left undecided; gives how much was done."""
    sandbox = read_clock().sandbox
    named = actions.gateways(sandbox=sandbox)
    done = actions.top_up_low_wallets(now=now, actor=actor)
    done += actions.resume_pending(gateway_named=named, now=now, actor=actor)
    done += actions.resume_refunds(gateway_named=named, now=now, actor=actor)
    if sandbox:
        gateway = actions.sandbox_gateway()
        done += actions.deliver_sandbox_reports(gateway, machine_time=machine_time(), now=now, actor="gateway:sandbox")
    return done
