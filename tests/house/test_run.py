"""`./run` works on any python3 from 3.8, before there is anything else, and knows a good environment from a bad one."""

import ast
import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "run"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, in a checkout of its own that has an interpreter and no more."""
    for name in ("CASHLINE_PYTHON", "CASHLINE_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    shutil.copy(RUN, checkout / "run")
    shutil.copytree(ROOT / "requirements", checkout / "requirements")
    spec = spec_from_loader("run", SourceFileLoader("run", str(checkout / "run")))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    python = Path(module.PYTHON)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return module


def mark(run: ModuleType, kind: str) -> None:
    run.write_mark(run.ENVIRONMENT, {"kind": kind, "lock": run.digest(run.lock_files(kind)), "source": run.HERE})


def start(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(RUN), *arguments], env={**os.environ, **environment}, capture_output=True, text=True
    )


def test_it_keeps_to_the_syntax_and_the_library_of_python_3_8() -> None:
    tree = ast.parse(RUN.read_text(), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert imported <= sys.stdlib_module_names
    assert os.access(RUN, os.X_OK)


def test_an_environment_without_its_mark_is_not_ready(run: ModuleType) -> None:
    assert not run.is_ready("runtime")
    mark(run, "runtime")
    assert run.is_ready("runtime")
    assert not run.is_ready("development")
    mark(run, "development")
    assert run.is_ready("runtime")
    assert run.is_ready("development")


@pytest.mark.parametrize("lock", ["development.txt", "conformance.txt"])
def test_a_changed_lock_is_noticed(run: ModuleType, lock: str) -> None:
    mark(run, "development")
    with (Path(run.HERE) / "requirements" / lock).open("a") as file:
        file.write("another==1.0\n")
    assert not run.is_ready("development")


def test_a_checkout_that_was_moved_is_noticed(run: ModuleType) -> None:
    lock = run.digest(run.lock_files("runtime"))
    run.write_mark(run.ENVIRONMENT, {"kind": "runtime", "lock": lock, "source": f"{run.HERE} before"})
    assert not run.is_ready("runtime")


def test_an_environment_whose_interpreter_is_gone_is_not_ready(run: ModuleType) -> None:
    mark(run, "runtime")
    Path(run.PYTHON).unlink()
    assert not run.is_ready("runtime")


def test_an_interpreter_is_found_by_running_it(run: ModuleType, tmp_path: Path) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert run.version_of(str(shim)) is None
    assert run.version_of(str(tmp_path / "nothing")) is None
    assert run.version_of(sys.executable) == sys.version_info[:2]


def test_a_wrong_interpreter_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = start("setup", CASHLINE_PYTHON="/no/python", CASHLINE_ENVIRONMENT=str(tmp_path / "environment"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "cashline: CASHLINE_PYTHON=/no/python is no Python that runs; Cashline needs 3.12, 3.13 or 3.14."
    )
    assert "Traceback" not in done.stderr


def test_without_a_word_it_says_what_it_can_do() -> None:
    done = start()
    assert done.returncode == 2
    assert "./run demo" in done.stdout
    assert start("--help").returncode == 0


def test_modules_are_compiled_once_whatever_the_machine_says(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert run.main(["--help"]) == 0
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
