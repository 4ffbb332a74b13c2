"""XML of strangers: what is checked is what is parsed, and no trick gets a DTD, an entity or depth past the check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.kernel.refusals import Refusal
from cashline.platform.documents.safe_xml import FileTooLarge, MalformedXml, UnsafeXml, parse_xml

BOMB = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'

HOSTILE: dict[str, tuple[bytes, type[Refusal]]] = {
    "entity bomb": (BOMB, UnsafeXml),
    "external entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', UnsafeXml),
    "external subset": (b'<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a/>', UnsafeXml),
    "behind a declaration": (b'<?xml version="1.0"?>\n' + BOMB, UnsafeXml),
    "behind comments and instructions": (b"<!-- a --><?b?> <!-- --> " + BOMB, UnsafeXml),
    "behind a comment that seems to end early": (b"<!--> <a --><!DOCTYPE a []><a/>", UnsafeXml),
    "behind an instruction that seems to end early": (b"<?a?><?> <b ?><!DOCTYPE a []><a/>", Refusal),
    "in lower case": (b"<!doctype a []><a/>", UnsafeXml),
    "in UTF-16": (('<?xml version="1.0" encoding="utf-16"?>' + BOMB.decode()).encode("utf-16"), UnsafeXml),
    "in UTF-16 without a mark": (BOMB.decode().encode("utf-16-le"), MalformedXml),
    "in UTF-32": (BOMB.decode().encode("utf-32"), MalformedXml),
    "in UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>', MalformedXml),
    "in EBCDIC": (BOMB.decode().encode("cp500"), MalformedXml),
    "says UTF-8, is UTF-16": (b'<?xml version="1.0" encoding="utf-16"?><a/>', MalformedXml),
    "mark of UTF-8, says Latin": (b'\xef\xbb\xbf<?xml version="1.0" encoding="iso-8859-1"?><a/>', MalformedXml),
    "undefined entity": (b"<a>&x;</a>", MalformedXml),
    "forbidden character": (b"<a>&#0;</a>", MalformedXml),
    "depth past ours": (b"<a>" * 101 + b"</a>" * 101, UnsafeXml),
    "depth past the parser's": (b"<a>" * 100_000 + b"</a>" * 100_000, UnsafeXml),
    "not closed": (b"<a><b></a>", MalformedXml),
    "two roots": (b"<a/><b/>", MalformedXml),
    "a DTD after the root": (b"<a/><!DOCTYPE a>", MalformedXml),
    "empty": (b"  \n", MalformedXml),
    "too large": (b"<a>" + b" " * 2_000_000 + b"</a>", FileTooLarge),
    "a zip": (b"PK\x03\x04\x14\x00\x00\x00", MalformedXml),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_fix(name: str) -> None:
    data, expected = HOSTILE[name]
    with pytest.raises(expected) as caught:
        parse_xml(data, max_bytes=1_000_000)
    assert caught.value.field == "file"
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_known_encodings_are_read(encoding: str) -> None:
    stated = "utf-8" if encoding.startswith("utf-8") else encoding
    text = f'<?xml version="1.0" encoding="{stated}"?>\n<a b="ü">Müller</a>'
    root = parse_xml(text.encode(encoding))
    assert (root.text, root.get("b")) == ("Müller", "ü")


def test_comments_and_instructions_cannot_split_a_value() -> None:
    assert parse_xml(b"<a>1<!-- 0 -->0<?x y?>5</a>").text == "105"


def test_a_doctype_in_a_comment_or_text_is_only_text() -> None:
    assert parse_xml(b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>").text == "<!DOCTYPE a>"


def test_depth_is_counted_exactly() -> None:
    assert parse_xml(b"<a>" * 100 + b"</a>" * 100).tag == "a"


def test_line_numbers_are_those_of_the_file() -> None:
    assert parse_xml(b'<?xml version="1.0"?>\n<a>\n\n<b/></a>')[0].sourceline == 4


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        root = parse_xml(data)
    except Refusal:
        return
    assert root.getroottree().docinfo.internalDTD is None
