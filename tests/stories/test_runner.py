"""A story that tells what is not so fails, and names the line."""

from pathlib import Path

import pytest

from tests.stories.runner import Story, StoryFailed
from tests.support.cluster import Database
from tests.support.company import make_company

TRUE = """
```api
GET /v1/products?sort=sku

200
{"items": [{"sku": "CABLE"}, {"sku": "GATE", "id": "$gate"}, {"sku": "INST"}, {"sku": "MON"}]}
```

> GET /v1/products/$gate/prices

| currency | unit_price |
| --- | --- |
| EUR | 100.00 |
| USD | 100.00 |

```console
$ cashline clock show
2026-01-15T09:00:00+00:00 (moved)
```
"""
LIES = [("200\n", "404\n"), ('"GATE"', '"GRATE"'), ("EUR | 100.00", "EUR | 100.01"), ("09:00:00", "09:00:01")]


def test_a_true_story_passes_and_every_lie_in_it_fails(committed_db: Database, tmp_path: Path) -> None:
    secret = make_company()
    path = tmp_path / "story.md"
    path.write_text(TRUE, encoding="utf-8")
    assert Story(path, secret).run() == 3
    for truth, lie in LIES:
        path.write_text(TRUE.replace(truth, lie), encoding="utf-8")
        with pytest.raises(StoryFailed, match=r"story\.md:\d+"):
            Story(path, secret).run()
