"""Bank statements: imported once, matched to open invoices."""
