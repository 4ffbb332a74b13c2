"""Rate plans: what a subscription costs, as versions that never change once they are made."""
