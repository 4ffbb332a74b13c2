"""The company of this database: its legal entities and the exchange rates that they use."""
