"""The doors: console, portal, API and command line."""
