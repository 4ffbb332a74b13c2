"""People and programs that may act: users, their roles by legal entity, portal users, API keys."""
