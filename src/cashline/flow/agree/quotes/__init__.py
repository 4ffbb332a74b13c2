"""Quotes: versions of an offer, priced line by line, approved where the discount asks for it."""
