"""A program that calls the API with a key, as an outsider would."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.test import Client

from cashline.platform.people.actions import create_api_key
from cashline.platform.permissions.rules import ROLES
from tests.support.world import ACTOR, NOW


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    content: bytes
    headers: Any

    @property
    def fields(self) -> list[str]:
        """The fields of the errors."""
        return [error.get("field", "") for error in self.body["errors"]]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["code"] for error in self.body["errors"]]


class Api:
    """Calls with one key; `role` names whose permissions it has, `entity_id` where it may act."""

    def __init__(self, role: str = "owner", entity_id: Any = None) -> None:
        scopes = sorted(ROLES[role])
        self.secret = create_api_key(name=role, scopes=scopes, entity_id=entity_id, now=NOW, actor=ACTOR)
        self.client = Client(raise_request_exception=True)

    def get(self, path: str, **query: Any) -> Answer:
        return self._answer(self.client.get(f"/v1{path}", query, headers=self._headers()))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.send("post", path, body, key=key)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        text = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body, default=_text)
        call = getattr(self.client, method)
        return self._answer(
            call(f"/v1{path}", data=text, content_type="application/json", headers=self._headers(key=key))
        )

    def file(self, path: str, content: bytes) -> Answer:
        """Send a file as the body."""
        headers = self._headers()
        return self._answer(
            self.client.post(f"/v1{path}", data=content, content_type="application/octet-stream", headers=headers)
        )

    def _headers(self, *, key: str | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return headers | ({"Idempotency-Key": key} if key else {})

    def _answer(self, response: Any) -> Answer:
        content = b"".join(response.streaming_content) if response.streaming else response.content
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(response.status_code, json.loads(content) if is_json else None, content, response.headers)


def _text(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
