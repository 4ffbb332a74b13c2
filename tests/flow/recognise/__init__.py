"""The journal and revenue on the real database."""
