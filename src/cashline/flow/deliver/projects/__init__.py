"""Projects: installations that are scheduled, done and accepted by the customer."""
