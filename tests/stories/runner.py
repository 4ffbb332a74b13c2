"""Runs a story: reads its steps from the Markdown, carries them out at the doors, compares what comes back."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.test import Client

ANYTHING = "…"
NAME = re.compile(r"\$([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of a story that is carried out."""

    kind: str
    line: int
    text: list[str]


class StoryFailed(AssertionError):
    """A step whose outcome is not what the story tells."""


def steps(path: Path) -> Iterator[Step]:
    """The steps of a story, in order: fenced blocks, and quoted requests with the table below them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.startswith("```") and line[3:].strip() in ("api", "console", "portal"):
            end = next(at for at in range(index + 1, len(lines)) if lines[at].startswith("```"))
            yield Step(line[3:].strip(), index + 1, lines[index + 1 : end])
            index = end
        elif line.startswith("> ") and line[2:].split(" ", 1)[0] == "GET":
            end = index + 1
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith("|")):
                end += 1
            yield Step("table", index + 1, [line[2:], *(one for one in lines[index + 1 : end] if one.startswith("|"))])
            index = end - 1
        index += 1


@dataclass(slots=True)
class Story:
    """A story while it runs: what it has named, and the clients that knock at the doors."""

    path: Path
    secret: str
    names: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    portals: dict[str, Client] = field(default_factory=dict)

    def run(self) -> int:
        """Carry every step out; gives how many there were."""
        count = 0
        for step in steps(self.path):
            try:
                getattr(self, f"run_{step.kind}")(step)
            except StoryFailed as failed:
                raise StoryFailed(f"{self.path.name}:{step.line}: {failed}") from None
            count += 1
        return count

    def run_api(self, step: Step) -> None:
        """One request and its answer."""
        request, expected = _halves(step.text)
        method, address = self.fill(request[0]).split(" ", 1)
        answer = self.call(method, address, self.fill("\n".join(request[1:])))
        status = expected[0].strip() if expected else "200"
        if str(answer.status_code) != status:
            raise StoryFailed(f"expected {status}, got {answer.status_code}: {answer.content.decode()[:2000]}")
        wanted = "\n".join(expected[1:]).strip()
        if wanted:
            self.compare(json.loads(wanted), json.loads(answer.content), "$")

    def call(self, method: str, address: str, body: str) -> Any:
        """Knock at the API with the story's key."""
        self.requests += 1
        headers = {"Authorization": f"Bearer {self.secret}"}
        if method != "GET":
            headers["Idempotency-Key"] = f"{self.path.stem}-{self.requests}"
        media_type = "application/json"
        if body.startswith("content-type:"):
            first, _, body = body.partition("\n")
            media_type = first.partition(":")[2].strip()
        return Client().generic(method, address, body.encode(), content_type=media_type, headers=headers)

    def run_table(self, step: Step) -> None:
        """A list whose items are told as a table."""
        address = self.fill(step.text[0].split(" ", 1)[1])
        answer = self.call("GET", address, "")
        if answer.status_code != 200:
            raise StoryFailed(f"got {answer.status_code}: {answer.content.decode()[:2000]}")
        found = json.loads(answer.content)
        items = found["items"] if isinstance(found, dict) else found
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in step.text[1:]]
        heads, wanted = rows[0], rows[2:]
        seen = [[_inside(item, head) for head in heads] for item in items]
        shown = "\n".join(" | ".join(map(_shown, row)) for row in seen)
        if len(seen) != len(wanted):
            raise StoryFailed(f"expected {len(wanted)} rows, got {len(seen)}:\n{shown}")
        for want, got in zip(wanted, seen, strict=True):
            for cell, value in zip(want, got, strict=True):
                try:
                    self.compare(cell, _shown(value), "cell")
                except StoryFailed as failed:
                    raise StoryFailed(f"{failed}\n{shown}") from None

    def run_console(self, step: Step) -> None:
        """Commands and what they print."""
        commands: list[tuple[str, list[str]]] = []
        for line in step.text:
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif commands:
                commands[-1][1].append(line)
        for command, expected in commands:
            printed = _run_command(shlex.split(self.fill(command))[1:])
            wanted = [self.fill(line) for line in expected if line.strip()]
            got = [line.rstrip() for line in printed.splitlines() if line.strip()]
            if not _lines_fit(wanted, got):
                raise StoryFailed(f"$ {command}\nexpected:\n{chr(10).join(wanted)}\ngot:\n{chr(10).join(got)}")

    def run_portal(self, step: Step) -> None:
        """A request of a customer's person, and texts of the page that comes."""
        request, expected = _halves(step.text)
        method, address = self.fill(request[0]).split(" ", 1)
        address, _, who = address.partition(" as ")
        client = self._portal(who.strip())
        fields = dict(line.split(": ", 1) for line in (self.fill(one) for one in request[1:]) if ": " in line)
        answer = client.post(address, fields, follow=True) if method == "POST" else client.get(address, follow=True)
        page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode(errors="replace")))
        status = expected[0].strip() if expected else "200"
        if str(answer.status_code) != status:
            raise StoryFailed(f"expected {status}, got {answer.status_code}: {page[:1500]}")
        for line in expected[1:]:
            if line.strip() and self.fill(line.strip()) not in page:
                raise StoryFailed(f"the page does not say {line.strip()!r}: {page[:3000]}")

    def _portal(self, who: str) -> Client:
        if who not in self.portals:
            self.portals[who] = Client()
            if who:
                from cashline.platform.people.models import User

                self.portals[who].force_login(
                    User.objects.get(email=who), backend="allauth.account.auth_backends.AuthenticationBackend"
                )
        return self.portals[who]

    def fill(self, text: str) -> str:
        """Put in what the story has named."""
        return NAME.sub(lambda match: self.names.get(match[1], match[0]), text)

    def compare(self, wanted: Any, got: Any, where: str) -> None:
        """Does the answer hold what is wanted? Amounts are compared as numbers."""
        if isinstance(wanted, dict) and isinstance(got, dict):
            for key, value in wanted.items():
                if key not in got:
                    raise StoryFailed(f"{where}.{key} is missing in {json.dumps(got)[:1500]}")
                self.compare(value, got[key], f"{where}.{key}")
        elif isinstance(wanted, list) and isinstance(got, list):
            if len(wanted) != len(got):
                raise StoryFailed(f"{where}: expected {len(wanted)} items, got {json.dumps(got)[:1500]}")
            for index, (one, other) in enumerate(zip(wanted, got, strict=True)):
                self.compare(one, other, f"{where}[{index}]")
        elif isinstance(wanted, str) and (match := NAME.fullmatch(wanted)) and match[1] not in self.names:
            self.names[match[1]] = str(got)
        elif not _same(self.fill(wanted) if isinstance(wanted, str) else wanted, got):
            raise StoryFailed(f"{where}: expected {wanted!r}, got {got!r}")


def _halves(lines: list[str]) -> tuple[list[str], list[str]]:
    """What is asked, and what must come: parted by the last empty line before a status."""
    for index in range(len(lines) - 1, 0, -1):
        if not lines[index - 1].strip() and re.fullmatch(r"\d{3}", lines[index].strip()):
            return lines[: index - 1], lines[index:]
    return lines, []


def _inside(item: Any, head: str) -> Any:
    for part in head.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _shown(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _same(wanted: Any, got: Any) -> bool:
    if wanted in (ANYTHING, got):
        return True
    if isinstance(wanted, str) and isinstance(got, str):
        if ANYTHING in wanted:
            return re.fullmatch(".*".join(map(re.escape, wanted.split(ANYTHING))), got, re.DOTALL) is not None
        try:
            return Decimal(wanted) == Decimal(got)
        except InvalidOperation:
            return False
    return False


def _lines_fit(wanted: list[str], got: list[str]) -> bool:
    if not wanted:
        return True
    if wanted[0].strip() == ANYTHING:
        return any(_lines_fit(wanted[1:], got[index:]) for index in range(len(got) + 1)) if wanted[1:] else True
    return (
        bool(got)
        and _same(wanted[0].rstrip(), got[0])
        and (_lines_fit(wanted[1:], got[1:]) or not (wanted[1:] or got[1:]))
    )


def _run_command(words: list[str]) -> str:
    from cashline.surfaces.cli.main import main

    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            main(words)
        except SystemExit as left:
            if left.code:
                printed.write(f"exit {left.code}\n")
    return printed.getvalue()
