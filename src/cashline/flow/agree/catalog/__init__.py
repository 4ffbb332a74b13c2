"""The catalogue: products and their prices by price book and date."""
