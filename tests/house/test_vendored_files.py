"""The vendored front-end files are exactly those of CHECKSUMS, each under a permissive licence whose text is kept."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "src/cashline/surfaces/web"
VENDOR = WEB / "static/vendor"
PERMISSIVE = {"0BSD", "MIT", "ISC", "Apache-2.0", "OFL-1.1"}
LICENCE_FILES = {
    "htmx.org": "htmx.txt",
    "echarts": "echarts.txt",
    "uplot": "uplot.txt",
    "lucide-static": "lucide.txt",
    "@fontsource-variable/inter": "inter.txt",
}


@dataclass(frozen=True)
class Vendored:
    sha256: str
    path: str
    package: str
    version: str
    licence: str


def listed() -> list[Vendored]:
    lines = (VENDOR / "CHECKSUMS").read_text().splitlines()
    return [Vendored(*line.split()) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("file", listed(), ids=lambda file: file.path)
def test_a_vendored_file_is_the_one_listed(file: Vendored) -> None:
    assert hashlib.sha256((VENDOR / file.path).read_bytes()).hexdigest() == file.sha256
    assert file.licence in PERMISSIVE
    assert (VENDOR / "licences" / LICENCE_FILES[file.package]).stat().st_size > 200


def test_no_vendored_file_is_unlisted() -> None:
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    kept = {path for path in present if path != "CHECKSUMS" and not path.startswith("licences/")}
    assert kept == {file.path for file in listed()}


def test_htmx_stays_on_its_second_major_version() -> None:
    """The third changed inheritance and events."""
    (htmx,) = [file for file in listed() if file.package == "htmx.org"]
    assert htmx.version.startswith("2.0.")
    assert f'version:"{htmx.version}"' in (VENDOR / htmx.path).read_text()
