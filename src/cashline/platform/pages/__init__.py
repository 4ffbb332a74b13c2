"""The page kit: typed components, the templates' environment, and functions that render lists, documents, forms.

A domain's `pages.py` builds the frozen values of `components` and `anatomies` and hands them to `render`.
It writes no HTML.
"""
