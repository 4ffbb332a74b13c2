"""Style, types and layers, each judged by its tool over the whole source."""

import os
import subprocess
import sys

import pytest

from tests.support.cluster import ROOT

LAYERS = "from importlinter.cli import lint_imports_command as lint; lint()"
CHECKS = {
    "style": ["-m", "ruff", "check", "--quiet"],
    "format": ["-m", "ruff", "format", "--check", "--quiet"],
    "types": ["-m", "mypy", "--no-error-summary"],
    "layers": ["-c", LAYERS],
}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("arguments", CHECKS.values(), ids=list(CHECKS))
def test_nothing_is_to_be_said_of(arguments: list[str]) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "CASHLINE_SECRET_KEY": "for checks alone"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
