"""Jobs: procrastinate on the same PostgreSQL wakes the work that waits in our own tables."""
