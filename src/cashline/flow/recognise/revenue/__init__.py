"""Revenue: obligations, allocation and recognition (ASC 606 / IFRS 15), posted as the difference to the plan."""
