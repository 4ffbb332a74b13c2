"""The router that all endpoints of revenue share."""

from ninja import Router

router = Router(tags=["Recognise"])
