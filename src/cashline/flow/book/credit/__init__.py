"""Credit: how much a customer may owe, and how much is at stake now."""
