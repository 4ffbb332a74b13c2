"""How seals are made and judged: PAdES (ETSI EN 319 142-1) by pyHanko. The public face is `sealing`.

The signature cannot cover the bytes that hold it, so those are compared with what they must be, digit by digit.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import algos, cms, parser, pem  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from cashline.platform.documents.sealing import Seal, SealKey, SealReport

# What it complains of stands in the report; a tampered file is no fault of the program.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)


def sign(pdf: bytes, *, reason: str, key: SealKey, now: datetime) -> bytes:
    """See `sealing.seal`."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    number = len(writer.prev.embedded_signatures) + 1
    certificate = _certificate(key.certificate)
    meta = PdfSignatureMetadata(
        field_name=f"Seal{number}",
        md_algorithm="sha256",
        reason=reason,
        name=certificate.subject.native.get("common_name", ""),
        subfilter=SigSeedSubFilter.PADES,
    )
    signer = SimpleSigner(certificate, _private_key(key.private_key), SimpleCertificateStore())  # type: ignore[no-untyped-call]
    return bytes(_SealingAt(meta, signer, now).sign_pdf(writer).getbuffer())


class _SealingAt(PdfSigner):
    """Signs at a given time: pyHanko itself would read the clock."""

    def __init__(self, meta: PdfSignatureMetadata, signer: SimpleSigner, now: datetime) -> None:
        super().__init__(meta, signer)
        self._now = now

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._now
        return session


def judge(pdf: bytes, *, known: Sequence[bytes] = ()) -> SealReport:
    """See `sealing.check_seal`."""
    try:
        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        if not signatures:
            return SealReport(False, False, "", None, ("The file is not sealed.",))
        return _judge(pdf, signatures, [_certificate(item).sha256 for item in known])
    except Exception as error:  # noqa: BLE001 - a tampered file may break any part of the reader
        problem = f"The file cannot be read as a sealed PDF ({type(error).__name__})."
        return SealReport(False, False, "", None, (problem,))


def _judge(pdf: bytes, signatures: Sequence[EmbeddedPdfSignature], known: Sequence[bytes]) -> SealReport:
    problems: list[str] = []
    seals: list[Seal] = []
    for number, signature in enumerate(signatures, 1):
        is_last = number == len(signatures)
        problems.extend(f"Seal {number}: {problem}" for problem in _seal_problems(pdf, signature, is_last))
        if known and signature.signer_cert.sha256 not in known:
            problems.append(f"Seal {number}: made by a key that is not known here.")
        seals.append(_seal_of(signature))
    whole = signatures[-1].evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    if not whole:
        problems.append("Something was added after the last seal.")
    last = seals[-1]
    return SealReport(not problems, whole, last.signer, last.signed_at, tuple(problems), tuple(seals))


def _seal_of(signature: EmbeddedPdfSignature) -> Seal:
    certificate = signature.signer_cert
    return Seal(
        str(certificate.subject.native.get("common_name", "")),
        signature.self_reported_timestamp,
        str(signature.sig_object.get("/Reason", "")),
        certificate.sha256.hex(),
    )


def _seal_problems(pdf: bytes, signature: EmbeddedPdfSignature, is_last: bool) -> list[str]:
    moment = signature.self_reported_timestamp
    context = ValidationContext(
        trust_roots=[signature.signer_cert], allow_fetching=False, moment=moment, revocation_mode="soft-fail"
    )
    status = validate_pdf_signature(signature, context)
    problems = []
    if not status.intact:
        problems.append("the content was changed after sealing.")
    if not status.valid:
        problems.append("the signature does not fit its certificate.")
    if not status.trusted:
        problems.append("its certificate was not valid when it was made.")
    if not is_last and not status.bottom_line:
        problems.append("something other than a further seal was added after it.")
    if not _names_its_certificate(signature):
        problems.append("its certificate is not the one that the signature names.")
    if not _is_container_untouched(pdf, signature):
        problems.append("the bytes that hold the signature were changed.")
    return problems


def _names_its_certificate(signature: EmbeddedPdfSignature) -> bool:
    """The signed attributes hold the hash of the certificate (ESS signing-certificate-v2, RFC 5035)."""
    for attribute in signature.signer_info["signed_attrs"]:
        if attribute["type"].native == "signing_certificate_v2":
            named = attribute["values"][0]["certs"][0]
            algorithm = named["hash_algorithm"]["algorithm"].native
            digest = hashlib.new(algorithm, signature.signer_cert.dump()).digest()
            return bool(digest == named["cert_hash"].native)
    return False


def _is_container_untouched(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """The signature cannot cover its own place in the file: there may be nothing but its digits, and zeros after."""
    _, start, end, _ = (int(part) for part in signature.byte_range)
    hole = pdf[start:end]
    content = bytes(signature.pkcs7_content)
    digits = content[: parser.peek(content)].hex().encode()
    stated, padding = hole[1 : 1 + len(digits)], hole[1 + len(digits) : -1]
    is_plain = hole[:1] == b"<" and hole[-1:] == b">" and stated in (digits, digits.upper())
    return is_plain and not padding.strip(b"0") and _is_container_plain(content, signature)


def _is_container_plain(content: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Do the few parts of the container that nothing signs say what they must (RFC 5652, 5.1 and 5.3)?"""
    container = cms.ContentInfo.load(content[: parser.peek(content)], strict=True)
    signed, signer = container["content"], signature.signer_info
    algorithms = [item.dump() for item in signed["digest_algorithms"]]
    issuer = signer["sid"].chosen
    certificate = signature.signer_cert
    container.native  # noqa: B018 - reads every part, so that the comparison below writes every part anew
    return (
        container.dump(force=True) == content[: parser.peek(content)]
        and signed["version"].native == "v1"
        and signed["signer_infos"].dump()[:1] == _SET
        and algorithms == [_digest_algorithm(signer["digest_algorithm"]["algorithm"].native)]
        and signer["digest_algorithm"].dump() in algorithms
        and issuer["issuer"].dump() == certificate.issuer.dump()
        and issuer["serial_number"].native == certificate.serial_number
    )


_SET = b"\x31"
"""The tag of an ASN.1 set."""


def _digest_algorithm(name: str) -> bytes:
    return bytes(algos.DigestAlgorithm({"algorithm": name}).dump())


def _certificate(text: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(pem.unarmor(text)[2])


def _private_key(text: bytes) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(pem.unarmor(text)[2])
