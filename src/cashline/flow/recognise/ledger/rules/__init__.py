"""Rules of the ledger: the chart of accounts, balanced entries, months, and the table from events to entries."""
