"""Exports: the journal handed to general ledgers in batches that never change, with totals proven on both sides."""
