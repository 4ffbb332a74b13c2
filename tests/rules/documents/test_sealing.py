"""A seal tells whose key sealed the file, and any later byte breaks it."""

from datetime import UTC, datetime, timedelta

import pytest

from cashline.platform.documents.sealing import check_seal, new_seal_key, seal
from tests.support.papers import contract_paper, set_paper

NOW = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
KEY = new_seal_key("Nordlicht Systeme GmbH", NOW)
OTHER = new_seal_key("Nordlicht Systeme GmbH", NOW)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return set_paper("contract", contract_paper())


@pytest.fixture(scope="module")
def sealed(pdf: bytes) -> bytes:
    return seal(pdf, reason="Contract concluded", key=KEY, now=NOW)


def test_a_seal_names_its_signer_time_and_reason(pdf: bytes, sealed: bytes) -> None:
    assert sealed.startswith(pdf)
    report = check_seal(sealed, known=[KEY.certificate])
    assert (report.intact, report.covers_whole_document, report.problems) == (True, True, ())
    assert (report.signer, report.signed_at) == ("Nordlicht Systeme GmbH", NOW)
    assert [item.reason for item in report.seals] == ["Contract concluded"]


def test_a_key_that_is_not_known_is_a_problem_whatever_its_name(sealed: bytes) -> None:
    report = check_seal(sealed, known=[OTHER.certificate])
    assert not report.intact
    assert "not known" in report.problems[0]


def test_further_seals_leave_the_earlier_valid(sealed: bytes) -> None:
    later = NOW + timedelta(days=30)
    twice = seal(sealed, reason="Countersigned", key=OTHER, now=later)
    thrice = seal(twice, reason="Archived", key=KEY, now=later)
    report = check_seal(thrice, known=[KEY.certificate, OTHER.certificate])
    assert report.problems == ()
    assert [item.reason for item in report.seals] == ["Contract concluded", "Countersigned", "Archived"]
    assert report.signed_at == later


def test_one_changed_byte_anywhere_is_detected(sealed: bytes) -> None:
    hole = sealed.index(b"/Contents <30") + len("/Contents ")
    places = [
        *range(9, len(sealed), len(sealed) // 20),
        *range(hole, hole + 2_400, 101),
        sealed.index(b">", hole) - 1,
        len(sealed) - 2,
    ]
    missed = []
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1
        if check_seal(bytes(changed)).intact:
            missed.append(place)
    assert missed == []


@pytest.mark.parametrize("added", [b" ", b"\n", b"\n%%EOF\n", b"1 0 obj\n<<>>\nendobj\n"])
def test_bytes_added_at_the_end_are_detected(sealed: bytes, added: bytes) -> None:
    report = check_seal(sealed + added)
    assert not report.intact
    assert report.problems


def test_a_file_without_seal_and_no_file_at_all_are_not_intact(pdf: bytes) -> None:
    assert check_seal(pdf).problems == ("The file is not sealed.",)
    assert not check_seal(b"").intact
    assert not check_seal(b"%PDF-1.7 nonsense").intact


def test_a_secret_key_does_not_show_itself() -> None:
    assert "PRIVATE" not in repr(KEY)
    assert KEY.private_key.startswith(b"-----BEGIN PRIVATE KEY-----")
