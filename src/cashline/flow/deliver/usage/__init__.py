"""Usage: what customers used, as facts; meters that turn it into quantities."""
