"""The API of usage."""

from ninja import Router

from cashline.flow.deliver.usage.api import alerts, letters, recording, showing

router = Router(tags=["Usage"])
for part in (recording, letters, showing, alerts):
    router.add_router("", part.router)
