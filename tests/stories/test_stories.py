"""Every story, run in a company of its own."""

from pathlib import Path

import pytest

from tests.stories.runner import Story, steps
from tests.support.cluster import Database
from tests.support.company import make_company

STORIES = sorted(path for path in Path(__file__).parent.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, committed_db: Database) -> None:
    assert list(steps(path)), f"{path.name} tells nothing that can be run"
    Story(path, make_company()).run()


def test_stories_are_numbered_without_a_gap() -> None:
    assert [path.name[:2] for path in STORIES] == [f"{number:02d}" for number in range(1, len(STORIES) + 1)]
