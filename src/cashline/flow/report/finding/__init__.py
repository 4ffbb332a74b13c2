"""Finding documents by their numbers, customers and products by their names, as people type them."""
