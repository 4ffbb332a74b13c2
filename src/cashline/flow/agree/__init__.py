"""The first stage: customers, catalogue, prices, quotes and signed agreements."""
