"""What is installed is pinned by hash, comes from no named place, and has its reason written down."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PLACES = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host|\s@\s|(^|\s)(/|\./|\.\./|~/)", re.MULTILINE)
DOCUMENTED = {
    "development": ("The program", "Its development"),
    "conformance": ("Rules and schemas for the tests",),
    "localstripe": ("A gateway for the tests",),
    "beancount": ("A ledger for the tests",),
    "bootstrap": ("Before there is an environment",),
}


def direct_dependencies() -> dict[str, set[str]]:
    """The names that we ask for ourselves, by lock file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {"development": {*project["project"]["dependencies"], *project["dependency-groups"]["development"]}}
    for path in (ROOT / "requirements").glob("*.in"):
        asked[path.stem] = {line for line in path.read_text().splitlines() if line and not line.startswith("#")}
    return {lock: {name_of(requirement) for requirement in found} for lock, found in asked.items()}


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found, requirement
    return found[0].lower()


def documented(titles: tuple[str, ...]) -> dict[str, list[str]]:
    """The rows of the tables under these titles, by package."""
    rows: dict[str, list[str]] = {}
    for section in (ROOT / "docs" / "dependencies.md").read_text().split("\n## ")[1:]:
        if section.startswith(titles):
            cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
            rows.update(
                {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells if row[0].strip() != "package"}
            )
    return rows


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_names_no_place(lock: Path) -> None:
    text = lock.read_text()
    assert not PLACES.search(text)
    pins = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text) if "==" in block.splitlines()[0]]
    assert pins
    without_hash = [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin]
    assert not without_hash


@pytest.mark.parametrize("lock", sorted(DOCUMENTED))
def test_each_dependency_has_its_reason_and_licence(lock: str) -> None:
    rows = documented(DOCUMENTED[lock])
    assert set(rows) == direct_dependencies()[lock]
    assert all(len(cells) == 2 and all(cells) for cells in rows.values())


def test_what_is_asked_for_is_locked() -> None:
    for lock, names in direct_dependencies().items():
        pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / f"{lock}.txt").read_text(), re.MULTILINE))
        assert names <= pinned


def test_development_installs_the_program_as_it_runs() -> None:
    """The runtime lock is a part of the development lock, pin by pin, so that what is tested is what is run."""
    pins = [
        set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("runtime.txt", "development.txt")
    ]
    assert pins[0] <= pins[1]


def test_nothing_under_the_gpl_is_imported_by_the_program() -> None:
    rows = documented(("The program",))
    forbidden = {name: cells[0] for name, cells in rows.items() if re.search(r"(^|\W)A?GPL", cells[0])}
    assert not forbidden
    runtime = (ROOT / "requirements" / "runtime.txt").read_text()
    assert not re.search(r"^(localstripe|beancount|pm4py)==", runtime, re.MULTILINE)
