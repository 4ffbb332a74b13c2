"""Pure rules of bank reconciliation: reading statement files, recognising known entries, matching open invoices."""
