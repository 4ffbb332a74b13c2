"""Customers: who buys, where they are, in which currency, zone and language, and on which terms they pay."""
