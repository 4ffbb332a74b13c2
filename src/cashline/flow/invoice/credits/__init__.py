"""Credits: what customers have to their credit, on account and in prepaid wallets, and every movement of it."""
