"""Usage from a terminal: meters, files with a preview, what was used, dead letters."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.clock.actions import make_sandbox
from cashline.surfaces.cli.main import cli
from tests.support.book import make_shop
from tests.support.cluster import Database
from tests.support.usage import LATER, subscribe

HEAD = "id,subscription,meter,time,quantity,region\n"


def run(*words: str) -> Any:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, Refusal):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


@pytest.fixture
def number(db: Database) -> str:
    make_sandbox(frozen_at=LATER)
    return subscribe(make_shop()).number


def test_a_file_is_looked_at_recorded_and_shown(number: str, tmp_path: Path) -> None:
    assert "version 1" in run("meter", "create", "calls", "--aggregation", "sum", "--dimension", "region")
    file = tmp_path / "usage.csv"
    file.write_text(f"{HEAD}1,{number},calls,2026-02-03T10:00:00Z,2.5,eu\n2,{number},miles,2026-02-03T10:00:00Z,1,eu\n")
    said = run("usage", "import", str(file), "--preview")
    assert "1 events would be recorded, 0 are known already, 1 would be refused." in said
    assert "2026-02-01  0       2.5" in said
    assert run("usage", "list", "--json")["items"] == []
    assert run("usage", "import", str(file), "--json")["accepted"] == 1
    (shown,) = run("usage", "show", number, "--from", "2026-02-01", "--until", "2026-03-01", "--json")["items"]
    assert (shown["code"], float(shown["quantity"]), shown["event_count"]) == ("calls", 2.5, 1)
    exported = ("usage", "export", number, "--meter", "calls", "--from", "2026-02-01", "--until", "2026-03-01")
    assert json.loads(run(*exported))["quantities"][0]["quantity"] == "2.5"
    assert "csv,1,2026-02-03T10:00:00+00:00,2.5,," in run(*exported, "--form", "csv")
    assert "unknown_meter" in run("usage", "dead-letters")
    run("meter", "create", "miles", "--aggregation", "sum")
    assert "1 are recorded, 0 wait still." in run("usage", "replay")
    assert "counts no more" in run("usage", "void", "csv", "2", "--reason", "a test drive")
    assert "version 2" in run("meter", "change", "calls", "--aggregation", "max")


def test_a_file_of_cloud_events_is_recorded(number: str, tmp_path: Path) -> None:
    run("meter", "create", "calls", "--aggregation", "sum")
    event = {
        "specversion": "1.0",
        "source": "gw",
        "id": "1",
        "type": "calls",
        "subject": number,
        "data": {"quantity": 1},
    }
    file = tmp_path / "usage.json"
    file.write_text(json.dumps([event, event | {"id": "2"}, event | {"specversion": "2"}]))
    done = run("usage", "import", str(file), "--json")
    assert (done["accepted"], done["refused"][0]["field"]) == (2, "specversion")
    file.write_text("[")
    with pytest.raises(InvalidValue):
        run("usage", "import", str(file))
