"""The outbox: effects outside the database (webhooks, mails, provisioning calls), each sent exactly once by its key."""
