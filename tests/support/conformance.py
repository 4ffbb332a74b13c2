"""Finding the test material of others: a folder beside the repository, or where CASHLINE_CONFORMANCE points."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def conformance_folder(name: str) -> Path:
    """The folder of that name; where it is missing the test (or its module) is skipped with a reason."""
    base = os.environ.get("CASHLINE_CONFORMANCE")
    folder = (Path(base) if base else ROOT.parent / "shared" / "conformance") / name
    if not folder.is_dir():
        pytest.skip(f"The conformance files {name!r} are not on this machine.", allow_module_level=True)
    return folder


def conformance_package(module: str, path: str) -> Path:
    """A file or folder inside a package of requirements/conformance.txt; skips where it is not installed."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        pytest.skip(f"The package {module} of requirements/conformance.txt is not installed.")
    return Path(spec.origin).parent / path
