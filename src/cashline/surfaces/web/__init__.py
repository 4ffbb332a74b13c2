"""The console: its shell, static files and templates. Pages of a domain live with the domain."""
