"""Gap-free human numbers (INV-2026-000123), given at posting, in batches."""
