"""Files are named by their content and compressed where they were collected, and plain where they were not."""

from pathlib import Path

from django.templatetags.static import static
from django.test import Client, override_settings

from cashline.platform.pages.static_files import collect_static_files


def test_collected_files_are_named_by_content_compressed_and_kept(tmp_path: Path) -> None:
    assert static("cashline.js") == "/static/cashline.js"
    with override_settings(STATIC_ROOT=tmp_path / "static"):
        collect_static_files()
        address = static("cashline.js")
        assert address.startswith("/static/cashline.")
        assert address != "/static/cashline.js"
        answer = Client().get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer["Content-Encoding"] == "gzip"
        assert "immutable" in answer["Cache-Control"]
        style = (tmp_path / static("css/tokens.css").removeprefix("/")).read_text()
        assert static("vendor/inter/inter-latin-wght-normal.woff2").removeprefix("/static/") in style
    assert static("cashline.js") == "/static/cashline.js"
