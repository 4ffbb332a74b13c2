"""Orders: what is to be delivered of an agreement, wherever it came from."""
