"""Snapshots: figures over all the books, kept with the instant as of which they are true, and read again by a job."""
