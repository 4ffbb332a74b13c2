"""The sixth stage: the journal and revenue."""
