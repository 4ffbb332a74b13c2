"""Schemathesis over the whole OpenAPI of a company that has traded: no request, however strange, is a server error.

Half of what names a document names one that exists, so that requests reach what stands behind the first check. Each
request is undone, so that they do not depend on each other; the seed is fixed.
"""

from collections import Counter
from typing import Any, TypeAliasType, get_args

import pytest
from django.db import connection
from pydantic import BaseModel
from schemathesis import GenerationMode

from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.people.actions import create_api_key
from cashline.platform.permissions.rules import ROLES
from cashline.surfaces.api.root import api
from tests.support.cluster import Database
from tests.support.fuzz import Documents, one_connection, operations, told, tries
from tests.support.world import ACTOR, NOW
from tests.thread.test_database_refuses import trade

EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 2}
"""How many requests to each operation that its schema allows, and that it does not."""
SCOPES = sorted(frozenset().union(*ROLES.values()))


def test_each_form_of_a_body_has_a_name_of_its_own() -> None:
    """The published document knows them by name: of two with one name it would show one, for both."""
    by_name: dict[str, set[type]] = {}
    for _, router in api._routers:
        for view in router.path_operations.values():
            for one in view.operations:
                for found in forms([field.annotation for model in one.models for field in model.model_fields.values()]):
                    by_name.setdefault(found.__name__, set()).add(found)
    assert len(by_name) >= 50
    assert {name: found for name, found in by_name.items() if len(found) > 1} == {}


def forms(annotations: list[Any]) -> set[type[BaseModel]]:
    """The pydantic models within annotations, however deep."""
    found: set[type[BaseModel]] = set()
    left = list(annotations)
    while left:
        one = left.pop()
        if isinstance(one, TypeAliasType):
            left.append(one.__value__)
        elif isinstance(one, type) and issubclass(one, BaseModel) and one not in found:
            found.add(one)
            left.extend(field.annotation for field in one.model_fields.values())
        left.extend(get_args(one))
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_is_a_server_error(committed_db: Database, subtests: pytest.Subtests) -> None:
    make_sandbox(frozen_at=NOW)
    trade(committed_db)
    secret = create_api_key(name="strange", scopes=SCOPES, now=NOW, actor=ACTOR)
    documents = Documents()
    assert len(documents.by_kind) >= 25
    before, statuses, reached = counts(), Counter[int](), set[str]()
    with one_connection() as raised:

        def judge(case: Any, answer: Any) -> None:
            assert answer.status_code < 500, told(case, answer, *raised)
            assert b"The database refuses this" not in answer.content, told(case, answer)
            if answer.status_code >= 400:
                errors = answer.json()["errors"]
                assert errors, told(case, answer)
                assert all(error["code"] and error["message"] for error in errors), told(case, answer)
            else:
                reached.add(case.operation.label)
            statuses[answer.status_code] += 1

        for operation in operations(secret):
            for mode, examples in EXAMPLES.items():
                with subtests.test(f"{mode.value} {operation.label}"):
                    raised.clear()
                    tries(operation, mode, documents, secret, judge, examples=examples)
    assert counts() == before
    assert statuses.total() >= 1000
    assert {200, 201, 404, 409, 422} <= statuses.keys()
    assert len(reached) >= 80, "most operations are to be reached, and not only refused"


def counts() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    return {table: sql.fetch(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
