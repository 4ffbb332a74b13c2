"""The console's pages of revenue: what was recognised and the run, the revenue of a contract, and arrangements."""

from cashline.flow.recognise.revenue.pages import agreements, arrangements, changing, imagining, pricing, supposing

URLS = [*arrangements.URLS, *changing.URLS, *imagining.URLS, *pricing.URLS, *supposing.URLS, *agreements.URLS]
"""Agreements last, since an agreement's id stands where the words of the others do."""
