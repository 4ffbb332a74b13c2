"""A person at the console, without a browser: pages are read as HTML, forms are sent as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client
from lxml import html

from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Grant
from tests.support.world import ACTOR, NOW


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as it came."""

    status: int
    text: str
    url: str
    tree: Any

    def all(self, path: str) -> list[Any]:
        """What an XPath finds."""
        return list(self.tree.xpath(path))

    @property
    def words(self) -> str:
        """The text of the page, its spaces made one."""
        return " ".join(" ".join(self.tree.itertext()).split())


class Console:
    """Somebody with roles, logged in."""

    def __init__(self, *roles: str, email: str = "", entity_id: UUID | None = None) -> None:
        self.email = email or f"{'-'.join(roles)}@example.com"
        grants = tuple(Grant(role, entity_id) for role in roles)
        (self.user_id,) = create_users([NewUser(self.email, roles[0].title(), grants=grants)], now=NOW, actor=ACTOR)
        self.client = Client()
        from cashline.platform.people.models import User

        self.client.force_login(
            User.objects.get(pk=self.user_id), "allauth.account.auth_backends.AuthenticationBackend"
        )

    def get(self, path: str, *, part: str = "", **query: Any) -> Seen:
        headers = {"HX-Request": "true", "HX-Target": part} if part else {}
        return self._seen(self.client.get(path, query, follow=True, headers=headers))

    def post(self, path: str, data: Mapping[str, Any] | None = None, *, part: str = "") -> Seen:
        headers = {"HX-Request": "true", "HX-Target": part} if part else {}
        return self._seen(self.client.post(path, dict(data or {}), follow=True, headers=headers))

    def file(self, path: str, **query: Any) -> tuple[int, bytes, str]:
        """A download: status, content, media type."""
        response: Any = self.client.get(path, query)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return response.status_code, content, response.headers["Content-Type"]

    def _seen(self, response: Any) -> Seen:
        text = response.content.decode()
        url = response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]
        return Seen(response.status_code, text, url, html.fromstring(text or "<p></p>"))
