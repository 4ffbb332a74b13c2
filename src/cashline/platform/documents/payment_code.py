"""The EPC QR code of a SEPA credit transfer (EPC069-12 v2.1), which banking apps scan to fill in a payment."""

from decimal import Decimal

from cashline.kernel.rounding import round_to

MAX_AMOUNT = Decimal("999999999.99")


def has_payment_code(amount: Decimal, currency: str) -> bool:
    """Can the payment be stated as a code? Only euros from 0.01 to 999,999,999.99."""
    return currency == "EUR" and Decimal("0.01") <= amount <= MAX_AMOUNT


def payment_code_text(iban: str, bic: str, holder: str, amount: Decimal, reference: str) -> str:
    """The text of the code, shortened to what its fields hold."""
    name = " ".join(holder.split())[:70]
    remittance = " ".join(reference.split())[:140]
    account = iban.replace(" ", "")
    fields = ["BCD", "002", "1", "SCT", bic, name, account, f"EUR{round_to(amount, 2):f}", "", "", remittance]
    return "\n".join(fields)


def payment_code_svg(iban: str, bic: str, holder: str, amount: Decimal, reference: str) -> bytes:
    """The code as an SVG image with error correction M, as the guideline asks."""
    return link_code_svg(payment_code_text(iban, bic, holder, amount, reference))


def link_code_svg(text: str) -> bytes:
    """A QR code of any text, such as the address of a page, as one path of an SVG image."""
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M

    # Readers take every mask; looking for the one that looks best costs more than setting the page.
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=3)
    code.add_data(text.encode("utf-8"))
    code.make(fit=True)
    matrix = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
    box = f"0 0 {len(matrix)} {len(matrix)}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path d="{path}" fill="#111827"/></svg>'.encode()
