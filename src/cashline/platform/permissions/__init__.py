"""Permissions: what a role may do, and for which legal entities."""
