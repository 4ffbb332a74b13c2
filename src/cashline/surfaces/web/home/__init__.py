"""Where the console begins: the board of the flow, and everything that is stuck."""
