"""Fulfilment: the steps that deliver an order, shipments, and the delivery facts that bills and revenue read."""
