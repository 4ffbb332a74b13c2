"""What every domain stands on: the database, people, events, jobs, documents, mail. Imports nothing of the flow."""
