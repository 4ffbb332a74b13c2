"""An export of the event log is an OCEL 2.0 log by the published schema."""

import json

import jsonschema

from cashline.flow.report.mining.queries import ocel
from tests.support.cluster import Database
from tests.support.conformance import conformance_folder
from tests.support.report import trade_a_little


def test_export_is_valid_and_complete(db: Database) -> None:
    schema = json.loads((conformance_folder("process-mining") / "schema_ocel2.json").read_text(encoding="utf-8"))
    trade_a_little()
    log = json.loads(b"".join(ocel()))
    jsonschema.validate(log, schema, format_checker=jsonschema.FormatChecker())
    objects = {item["id"]: item["type"] for item in log["objects"]}
    assert len(objects) == len(log["objects"])
    declared = {item["name"]: {one["name"] for one in item["attributes"]} for item in log["eventTypes"]}
    for event in log["events"]:
        assert {link["objectId"] for link in event["relationships"]} <= objects.keys()
        assert {attribute["name"] for attribute in event["attributes"]} <= declared[event["type"]]
        assert all(isinstance(attribute["value"], str) for attribute in event["attributes"])
    assert {item["name"] for item in log["objectTypes"]} == set(objects.values())
    assert {
        "OrderBooked",
        "ShipmentShipped",
        "InvoiceIssued",
        "PaymentReceived",
        "RevenueRecognised",
    } <= declared.keys()
