"""What an order line is worth: as ordered, as delivered, and what a cancellation takes away."""

from decimal import Decimal

from cashline.kernel.rounding import round_to


def delivered_value(
    quantity: Decimal, delivered: Decimal, unit_price: Decimal, net_total: Decimal, digits: int
) -> Decimal:
    """The net of the delivered part of a line that is paid once: all of it, or round(delivered × unit price).

    Bills for part deliveries sum to this, so that exposure and invoices agree to the cent.
    """
    return net_total if delivered == quantity else round_to(delivered * unit_price, digits)


def undelivered_value(
    quantity: Decimal, delivered: Decimal, unit_price: Decimal, net_total: Decimal, digits: int
) -> Decimal:
    """What leaves the exposure when the rest of a line is cancelled."""
    return net_total - delivered_value(quantity, delivered, unit_price, net_total, digits)
