"""A key for one legal entity neither sees nor changes what is another's, whatever it is made to ask.

Over the whole OpenAPI: requests that name the other's documents, by a key that may do everything in its own entity.
"""

import json
import re
from typing import Any

import pytest
from django.db import connection
from schemathesis import GenerationMode

from cashline.kernel.identifiers import PREFIXES
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.company.queries import entity_by_code
from cashline.platform.people.actions import create_api_key
from tests.support.cluster import Database
from tests.support.fuzz import Documents, one_connection, operations, told, tries
from tests.support.world import ACTOR, NOW
from tests.surfaces.api.test_openapi import SCOPES
from tests.thread.test_database_refuses import trade

SHARED = frozenset(
    {
        "customer",
        "product",
        "plan",
        "price_book",
        "tax_rate",
        "exemption_certificate",
        "usage_meter",
        "entity",
        "webhook_endpoint",
        "api_key",
        "user",
    }
)
"""What belongs to the company as a whole, and not to one of its legal entities."""
_ID = re.compile(r"\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}\b")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_key_for_one_entity_has_nothing_of_another(committed_db: Database, subtests: pytest.Subtests) -> None:
    make_sandbox(frozen_at=NOW)
    trade(committed_db)
    own = entity_by_code("US01").id
    secret = create_api_key(name="limited", scopes=SCOPES, entity_id=own, now=NOW, actor=ACTOR)
    documents = Documents()
    kinds = {prefix for kind, prefix in PREFIXES.items() if kind not in SHARED}
    with one_connection() as raised:
        question = about_theirs()
        before = sql.fetch_one(question)

        def judge(case: Any, answer: Any) -> None:
            assert answer.status_code < 500, told(case, answer, *raised)
            asked = json.dumps([str(case.path_parameters), str(case.body), str(case.query)])
            shown = {
                found.group() for found in _ID.finditer(answer.content.decode("utf-8", "replace"))
                if found.group(1) in kinds and found.group() in documents.all
            }  # fmt: skip
            assert {key for key in shown if key not in asked} == set(), told(case, answer)
            if answer.status_code < 300:
                assert not shown, told(case, answer)
            if case.method != "GET":
                assert sql.fetch_one(question) == before, told(case, answer)

        for operation in operations(secret):
            with subtests.test(operation.label):
                tries(operation, GenerationMode.POSITIVE, documents, secret, judge, examples=4)


def about_theirs() -> str:
    """The question for a fingerprint of every row that names the other entity."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'entity_id' "
            "AND table_schema = 'public' AND table_name <> 'number_series' ORDER BY 1"
        )
        tables = [row[0] for row in cursor.fetchall()]
    parts = " UNION ALL ".join(
        f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS part FROM {table} t WHERE entity_id = e.id"
        for table in tables
    )
    return f"SELECT md5(string_agg(p.part, '|')) FROM legal_entities e, LATERAL ({parts}) p WHERE e.code = 'DE01'"
