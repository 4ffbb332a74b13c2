"""The five steps of ASC 606 / IFRS 15 in full: facts of contracts in; prices, revenue, interest and balances out."""
