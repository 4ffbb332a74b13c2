"""A Factur-X file of ours is read by others: by the factur-x package and as a PDF with one attachment."""

from io import BytesIO

import pytest
from facturx import get_level, get_xml_from_pdf
from lxml import etree
from pypdf import PdfReader
from pypdf.generic import ArrayObject

from cashline.flow.invoice.invoices.rules.cii import to_cii
from cashline.platform.documents.einvoice_check import Severity, check_einvoice
from cashline.platform.documents.facturx import FILE_NAME, declare_facturx, facturx_attachment, render_facturx
from cashline.platform.documents.sealing import check_seal, new_seal_key, seal
from cashline.platform.documents.typesetting import render
from tests.support.conformance import conformance_folder
from tests.support.einvoices import generated
from tests.support.papers import AT, invoice_paper

CII = to_cii(generated()["everything stated"])
PAPER = invoice_paper()
XMP = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"


@pytest.fixture(scope="module")
def hybrid() -> bytes:
    return render_facturx("invoice", PAPER.data(), CII, files=PAPER.files(), timestamp=AT)


def test_the_package_of_the_standard_reads_it_back(hybrid: bytes) -> None:
    name, xml = get_xml_from_pdf(hybrid, check_xsd=True)
    assert (name, xml) == (FILE_NAME, CII)
    assert get_level(etree.fromstring(xml)) == "en16931"


def test_the_metadata_says_what_it_is_and_stays_pdf_a(hybrid: bytes) -> None:
    metadata = PdfReader(BytesIO(hybrid)).xmp_metadata
    assert metadata is not None
    root = etree.fromstring(metadata.stream.get_data())
    stated = {
        name: root.findtext(f".//{XMP}{name}") for name in ("DocumentFileName", "DocumentType", "ConformanceLevel")
    }
    assert stated == {"DocumentFileName": FILE_NAME, "DocumentType": "INVOICE", "ConformanceLevel": "EN 16931"}
    assert [item.text for item in root.iterfind(".//{*}part")] == ["3"]
    prefixes = [item.text for item in root.iterfind(".//{http://www.aiim.org/pdfa/ns/schema#}prefix")]
    assert prefixes.count("fx") == 1


def test_it_has_one_attachment_that_is_an_alternative(hybrid: bytes) -> None:
    reader = PdfReader(BytesIO(hybrid))
    assert dict(reader.attachments) == {FILE_NAME: [CII]}
    files = reader.root_object["/AF"]
    assert isinstance(files, ArrayObject)
    assert [file.get_object()["/AFRelationship"] for file in files] == ["/Alternative"]


def test_the_same_input_gives_the_same_bytes(hybrid: bytes) -> None:
    assert hybrid == render_facturx("invoice", PAPER.data(), CII, files=PAPER.files(), timestamp=AT)


def test_what_was_set_stays_byte_for_byte(hybrid: bytes) -> None:
    plain = render("invoice", PAPER.data(), files=PAPER.files(), timestamp=AT, attachments=[facturx_attachment(CII)])
    assert hybrid.startswith(plain)
    assert declare_facturx(plain) == hybrid


def test_it_can_be_sealed_and_read_back(hybrid: bytes) -> None:
    key = new_seal_key("Nordlicht Systeme GmbH", AT)
    sealed = seal(hybrid, reason="Invoice issued", key=key, now=AT)
    assert check_seal(sealed, known=[key.certificate]).problems == ()
    assert get_xml_from_pdf(sealed)[1] == CII


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 startxref 0 %%EOF"])
def test_another_file_cannot_be_declared(data: bytes) -> None:
    with pytest.raises(ValueError, match="Only a PDF"):
        declare_facturx(data)


def test_official_hybrid_files_hold_valid_invoices() -> None:
    files = sorted(conformance_folder("e-invoicing").glob("zugferd/fx/*.pdf"))
    assert files
    for file in files:
        _, xml = get_xml_from_pdf(file.read_bytes(), check_xsd=False)
        assert [found for found in check_einvoice(xml) if found.severity is Severity.ERROR] == [], file.name
