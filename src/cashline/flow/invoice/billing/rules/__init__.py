"""Rules of billing: the plan of charges from the facts, and its difference to what was posted."""
