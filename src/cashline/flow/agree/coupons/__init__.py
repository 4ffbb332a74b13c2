"""Coupons: discounts that a customer holds, taken off invoices before tax."""
