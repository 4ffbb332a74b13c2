"""The fonts of the documents are exactly those named in CHECKSUMS, each with the text of its licence."""

import hashlib
from pathlib import Path

FONTS = Path(__file__).parents[2] / "src/cashline/platform/documents/fonts"
LICENCES = {
    "OFL-1.1": "Inter-LICENSE.txt",
    "Apache-2.0": "DroidSansFallback-LICENSE.txt",
    "Bitstream-Vera": "DejaVuSans-LICENSE.txt",
}


def test_every_font_is_listed_and_as_listed() -> None:
    lines = [line.split() for line in (FONTS / "CHECKSUMS").read_text().splitlines() if not line.startswith("#")]
    assert {name for _, name, *_ in lines} == {path.name for path in FONTS.iterdir() if path.suffix in (".otf", ".ttf")}
    for checksum, name, *_, licence in lines:
        assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() == checksum, name
        assert (FONTS / LICENCES[licence]).stat().st_size > 500
