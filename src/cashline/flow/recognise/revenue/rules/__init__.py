"""Rules of revenue (ASC 606, IFRS 15): promises, allocation of the price, progress, and revenue by month."""
