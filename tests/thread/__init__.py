"""Proofs across the stages: statements, kills, what the database refuses, random trade."""
