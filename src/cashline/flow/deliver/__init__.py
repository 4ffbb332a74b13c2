"""The third stage: fulfilment, stock, provisioning, projects, subscriptions."""
