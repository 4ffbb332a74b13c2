"""Taxes: the rate of a supply by country, category and date."""
