"""Cashline: order-to-cash in one program, from a quote to collected, recognised cash, on one set of books."""

__version__ = "0.1.0"
