"""The pages of administration: people and roles, API keys, webhooks, the outbox, the event log, a sandbox's clock."""
