"""The console's pages of usage: meters, events, the usage of a subscription, dead letters."""

from cashline.flow.deliver.usage.pages import events, letters, meters, subscription

URLS = [*meters.URLS, *events.URLS, *subscription.URLS, *letters.URLS]
