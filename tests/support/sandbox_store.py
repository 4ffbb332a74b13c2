"""A store for the sandbox acquirer that keeps its states in memory, for tests of the rules."""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any


class MemoryStore:
    """States by key, as JSON text, so that nothing is shared by accident; one lock stands for the database's."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.lock = Lock()

    def get(self, key: str) -> dict[str, Any] | None:
        found = self.states.get(key)
        return json.loads(found) if found is not None else None

    def change(self, key: str, change: Callable[[dict[str, Any] | None], dict[str, Any]]) -> dict[str, Any]:
        with self.lock:
            state = change(self.get(key))
            self.states[key] = json.dumps(state)
            return state
