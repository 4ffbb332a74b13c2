"""Billing: the plan of what should be billed, its difference to what was posted, and the run that appends it."""
