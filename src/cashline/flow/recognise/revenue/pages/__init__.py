"""The console's pages of revenue: what was recognised and the run, the revenue of a contract, and arrangements."""

from cashline.flow.recognise.revenue.pages import agreements, arrangements, changing, pricing

URLS = [*arrangements.URLS, *changing.URLS, *pricing.URLS, *agreements.URLS]
"""Arrangements first, since an agreement's id stands where their word does."""
