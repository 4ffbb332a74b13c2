"""Agreements: signed terms as effective-dated lines. Orders, bills and revenue read them and never copy them."""
