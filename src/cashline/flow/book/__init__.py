"""The second stage: orders, checked for credit."""
