"""Factur-X (ZUGFeRD): an invoice that people read as PDF and programs as the CrossIndustryInvoice inside it.

The XML is attached while the page is set (PDF/A-3, AFRelationship Alternative). What is missing then is the statement
in the XMP metadata that it is Factur-X (specification 1.0, part 2.3 and its extension schema); it is appended as an
incremental update, a thousandth of the cost of writing the file anew.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cashline.platform.documents.typesetting import Attachment, render

FILE_NAME = "factur-x.xml"
LEVEL = "EN 16931"
_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = {
    "DocumentFileName": "The name of the embedded XML document",
    "DocumentType": "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER",
    "Version": "The actual version of the standard applying to the embedded XML document",
    "ConformanceLevel": "The conformance level of the embedded XML document",
}
_VALUES = {"DocumentType": "INVOICE", "DocumentFileName": FILE_NAME, "Version": "1.0", "ConformanceLevel": LEVEL}

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_TRAILER = re.compile(rb"trailer\s*<<(.*)>>\s*startxref\s+\d+\s+%%EOF\s*$", re.DOTALL)
_FIRST_ID = re.compile(rb"/ID\s*\[\s*(\((?:\\.|[^\\)])*\)|<[0-9A-Fa-f]*>)", re.DOTALL)
_METADATA = re.compile(rb"/Type/Catalog.*?/Metadata (\d+) 0 R", re.DOTALL)


def render_facturx(
    template: str,
    data: Mapping[str, Any],
    cii: bytes,
    *,
    timestamp: datetime,
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """The PDF/A-3b of a template with the CII document of profile EN 16931 inside; same input, same bytes."""
    pdf = render(template, data, timestamp=timestamp, attachments=[facturx_attachment(cii)], files=files)
    return declare_facturx(pdf)


def facturx_attachment(cii: bytes) -> Attachment:
    """The XML as the standard wants it attached."""
    return Attachment(FILE_NAME, cii, "text/xml", "Factur-X invoice", "alternative")


def declare_facturx(pdf: bytes) -> bytes:
    """Append the XMP statement to a file set by `render`; raises ValueError for a file that was not."""
    start, trailer, catalog = _START.search(pdf), _TRAILER.search(pdf), _METADATA.search(pdf)
    if not (start and trailer and catalog):
        raise ValueError("Only a PDF set by this program, and not changed since, can be declared Factur-X.")
    number = int(catalog.group(1))
    packet = _with_statement(_stream_of(pdf, number))
    update = b"%d 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        len(packet),
        packet,
    )
    offset = len(pdf) + 1
    entries = re.sub(rb"/ID\s*\[.*\]", b"", trailer.group(1), flags=re.DOTALL)
    entries = re.sub(rb"/Prev \d+", b"", entries)
    table = b"xref\n%d 1\n%010d 00000 n\r\n" % (number, offset)
    end = b"trailer\n<<%s/Prev %s%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        entries,
        start.group(1),
        _identity(trailer.group(1), update),
        offset + len(update),
    )
    return pdf + b"\n" + update + table + end


def _identity(trailer: bytes, update: bytes) -> bytes:
    """The first identifier stays, the second changes with the content (ISO 32000-1, 14.4)."""
    first = _FIRST_ID.search(trailer)
    if not first:
        return b""
    return b"/ID[%s<%s>]" % (first.group(1), hashlib.sha256(update).hexdigest()[:32].encode())


def _stream_of(pdf: bytes, number: int) -> bytes:
    head = pdf.rindex(b"\n%d 0 obj\n" % number)
    length = re.compile(rb"<</Length (\d+)/Type/Metadata").search(pdf, head)
    if length is None:
        raise ValueError("The metadata of the PDF is not where this program puts it.")
    start = pdf.index(b"stream\n", head) + len(b"stream\n")
    return pdf[start : start + int(length.group(1))]


def _with_statement(packet: bytes) -> bytes:
    schemas = b"<pdfaExtension:schemas><rdf:Bag>"
    if schemas not in packet or b"</rdf:RDF>" not in packet:
        raise ValueError("The PDF has no extension schemas: it must be set as PDF/A.")
    packet = packet.replace(schemas, schemas + _extension_schema().encode(), 1)
    return packet.replace(b"</rdf:RDF>", _statement().encode() + b"</rdf:RDF>", 1)


def _statement() -> str:
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, value in _VALUES.items())
    return f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{values}</rdf:Description>'


def _extension_schema() -> str:
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{text}</pdfaProperty:description></rdf:li>"
        for name, text in _PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
