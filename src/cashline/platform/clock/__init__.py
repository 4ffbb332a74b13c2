"""The clock: read at the doors alone; a sandbox's can be moved forward."""
