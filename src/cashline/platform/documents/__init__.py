"""Documents: typesetting, sealing and the checks on files that come in or go out. Pure functions; no tables."""
