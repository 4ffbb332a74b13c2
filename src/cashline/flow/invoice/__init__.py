"""The fourth stage: bills planned from the facts, invoices, credit notes, taxes."""
