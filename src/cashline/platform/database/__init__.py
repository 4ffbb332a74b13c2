"""The database server, and how the program connects to it."""
