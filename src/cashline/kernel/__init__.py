"""The kernel: pure values that every domain shares. It imports nothing of Cashline."""
