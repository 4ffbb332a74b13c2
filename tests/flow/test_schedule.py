"""The work of a minute and of a day: what fails keeps none of the rest from its own, and is told at the end."""

import pytest

from cashline.flow import schedule
from tests.support.world import NOW, TODAY


def test_a_job_that_fails_keeps_no_other_from_its_work(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def broken(**_given: object) -> int:
        raise RuntimeError("out of order")

    def sound(**given: object) -> int:
        done.append("of the day" if "today" in given else "of the minute")
        return 0

    monkeypatch.setattr(schedule, "MINUTELY", (broken, sound))
    with pytest.raises(RuntimeError, match="out of order"):
        schedule.run_minute(now=NOW)
    monkeypatch.setattr(schedule, "MINUTELY", (sound,))
    monkeypatch.setattr(schedule, "DAILY", (broken, sound))
    with pytest.raises(RuntimeError, match="out of order"):
        schedule.run_day(today=TODAY, now=NOW)
    assert done == ["of the minute", "of the day", "of the minute"]
