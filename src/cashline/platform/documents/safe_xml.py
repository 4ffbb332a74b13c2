"""Reading XML of strangers: one parser that cannot be made to fetch, expand or recurse.

The text is decoded here, by one of a few known encodings, so that what is checked is what is parsed; a document type
declaration, the root of every entity attack, is refused before the parser sees it (OWASP XXE prevention).
"""

import re
from functools import cache

from lxml import etree

from cashline.kernel.refusals import Refusal

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
    "utf-16": "utf-16",
}
_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")
_DECLARED_ENCODING = re.compile(r"""encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


class FileTooLarge(Refusal):
    """The file has more bytes than the door accepts."""

    code = "file_too_large"
    status = 413


class MalformedXml(Refusal):
    """The file is no well-formed XML in a known encoding."""

    code = "malformed_xml"


class UnsafeXml(Refusal):
    """The file uses a feature of XML that attacks are made of (DTD, entities, extreme nesting)."""

    code = "unsafe_xml"


def parse_xml(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> etree._Element:
    """The root element, with comments and processing instructions removed.

    `max_depth` counts elements from the root (at most 250). Raises FileTooLarge, MalformedXml or UnsafeXml, each with
    `field="file"`.
    """
    if len(data) > max_bytes:
        raise FileTooLarge(
            f"The file has {len(data):,} bytes; at most {max_bytes:,} are accepted.",
            field="file",
            fix="Split the file into smaller ones.",
        )
    text = _decode(data)
    _refuse_document_type(text)
    try:
        root = etree.fromstring(text.encode("utf-8"), _parser())
    except etree.XMLSyntaxError as error:
        if "Excessive depth" in str(error):
            raise _too_deep(max_depth) from None
        message = str(error).split(" (<string>")[0]
        raise MalformedXml(
            f"The file is not well-formed XML: {message}.", field="file", fix="Export it again."
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _has_dtd()
    if _deeper_than(max_depth)(root):
        raise _too_deep(max_depth)
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )


def _decode(data: bytes) -> str:
    """The text without byte order mark and XML declaration."""
    if not data.strip():
        raise MalformedXml("The file is empty.", field="file", fix="Export it again.")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedXml(
            f"The file says it is {encoding}, and the byte at {error.start} is not.",
            field="file",
            fix="Save the file as UTF-8.",
        ) from None
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise _unknown_encoding("UTF-32")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data.removeprefix(b"\xef\xbb\xbf")
    marked = head is not data and len(head) != len(data)
    if b"\x00" in head[:200]:
        raise _unknown_encoding("one with zero bytes and no byte order mark")
    declaration = _DECLARATION.match(head[:500].decode("latin-1"))
    named = _DECLARED_ENCODING.search(declaration.group()) if declaration else None
    name = named.group(1).lower() if named else "utf-8"
    encoding = _ENCODINGS.get(name)
    if encoding is None or encoding == "utf-16" or (marked and encoding != "utf-8"):
        raise _unknown_encoding(name)
    return encoding


def _unknown_encoding(name: str) -> MalformedXml:
    return MalformedXml(f"The encoding is {name}, which is not accepted here.", field="file", fix="Save it as UTF-8.")


def _refuse_document_type(text: str) -> None:
    """A document type declaration can stand only before the root, among comments and processing instructions."""
    position = 0
    while True:
        position = text.find("<", position)
        if text.startswith("<!--", position):
            end = text.find("-->", position + 4)
        elif text.startswith("<?", position):
            end = text.find("?>", position + 2)
        elif text.startswith("<!", position):
            raise _has_dtd()
        else:
            return
        if end < 0:
            return
        position = end + 2


def _has_dtd() -> UnsafeXml:
    return UnsafeXml(
        "The file holds a document type declaration (DTD), which is not accepted.",
        field="file",
        fix="Remove the <!DOCTYPE …> part.",
    )


def _too_deep(max_depth: int) -> UnsafeXml:
    return UnsafeXml(
        f"The elements are nested deeper than {max_depth}.", field="file", fix="Send a document of the agreed format."
    )


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")
