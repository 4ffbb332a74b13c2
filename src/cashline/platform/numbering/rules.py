"""The form of document numbers."""

PREFIXES = {
    "agreement": "AGR",
    "bill_run": "RUN",
    "credit_note": "CN",
    "customer": "CUS",
    "dispute": "DIS",
    "installation": "INST",
    "intercompany_sale": "ICS",
    "invoice": "INV",
    "order": "ORD",
    "payment": "PAY",
    "quote": "QUO",
    "revenue_arrangement": "REV",
    "shipment": "SHP",
    "subscription": "SUB",
}


def format_number(kind: str, entity_code: str, year: int, number: int) -> str:
    """Such as INV-DE01-2026-000123; the entity and the year are left out where the series has none."""
    parts = [PREFIXES[kind], entity_code, str(year) if year else "", f"{number:06d}"]
    return "-".join(part for part in parts if part)
