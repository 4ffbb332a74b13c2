"""Reports, verify and explain on the real database."""
