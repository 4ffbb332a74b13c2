"""Inventory: stock by warehouse, reservations that cannot oversell, and the moves behind every figure."""
