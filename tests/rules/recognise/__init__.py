"""Rules of the journal and of revenue."""
