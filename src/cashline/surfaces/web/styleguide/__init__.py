"""The living style page: every component with the content of an order-to-cash desk. Served in sandboxes alone."""
