"""Health: every conservation law over live data, and what is stuck."""
