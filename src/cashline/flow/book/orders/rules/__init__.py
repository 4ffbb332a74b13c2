"""Rules of orders: lifecycle, validation, and the forms in which orders arrive."""
