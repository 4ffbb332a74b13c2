"""Consolidation: the legal entities of the company as one, in a presentation currency."""
