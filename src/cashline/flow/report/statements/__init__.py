"""Statements: receivables ageing, trial balance, deferred revenue, as the books say on any day."""
