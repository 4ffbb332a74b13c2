"""Forecast: the bills, revenue and cash of a quote, by the very rules that will make them."""
