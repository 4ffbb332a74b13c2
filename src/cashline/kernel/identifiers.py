"""Identifiers: UUIDv7 keys (RFC 9562) and their public form with a prefix, such as `inv_01hzy3…`.

The public form is the prefix and 26 characters of Crockford base 32, so that it sorts like the key.
"""

import hashlib
import os
import struct
import time
import uuid

from cashline.kernel.refusals import NotFound

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {character: index for index, character in enumerate(_ALPHABET)}
_last = 0
_random: list[int] = []
os.register_at_fork(after_in_child=_random.clear)
_make, _set = uuid.UUID.__new__, object.__setattr__
_UNKNOWN = uuid.SafeUUID.unknown


def new_id() -> uuid.UUID:
    """A new UUIDv7; within one process the ids come in rising order.

    Written out for speed, since every row has one: random bits are drawn by the page, and the constructor's checks of
    strange arguments are passed by.
    """
    global _last
    now = time.time_ns()
    stamp = (now // 1_000_000 << 12) | ((now % 1_000_000 << 12) // 1_000_000)
    if stamp <= _last:
        stamp = _last + 1
    _last = stamp
    try:
        random = _random.pop()
    except IndexError:
        random, *others = struct.unpack("=512Q", os.urandom(4096))
        _random.extend(others)
    key = _make(uuid.UUID)
    _set(key, "int", (stamp >> 12) << 80 | (0x7000 | stamp & 0xFFF) << 64 | 1 << 63 | random & 0x3FFFFFFFFFFFFFFF)
    _set(key, "is_safe", _UNKNOWN)
    return key


def new_ids(count: int) -> list[uuid.UUID]:
    """As many new ids, in rising order, at half the cost of one by one."""
    global _last
    now = time.time_ns()
    stamp = max((now // 1_000_000 << 12) | ((now % 1_000_000 << 12) // 1_000_000), _last + 1)
    _last = stamp + count
    found = []
    for random in struct.unpack(f"={count}Q", os.urandom(8 * count)):
        key = _make(uuid.UUID)
        _set(key, "int", (stamp >> 12) << 80 | (0x7000 | stamp & 0xFFF) << 64 | 1 << 63 | random & 0x3FFFFFFFFFFFFFFF)
        _set(key, "is_safe", _UNKNOWN)
        found.append(key)
        stamp += 1
    return found


_OID = uuid.NAMESPACE_OID.bytes


def named_id(name: str) -> uuid.UUID:
    """The UUIDv5 of a name (RFC 9562, 5.5) in the namespace of object identifiers: the same for the same name."""
    number = int.from_bytes(hashlib.sha1(_OID + name.encode(), usedforsecurity=False).digest()[:16])
    key = _make(uuid.UUID)
    _set(key, "int", number & ~(0xF000 << 64 | 0xC000 << 48) | 5 << 76 | 1 << 63)
    _set(key, "is_safe", _UNKNOWN)
    return key


def public_id(prefix: str, key: uuid.UUID) -> str:
    """The form in which an id leaves the program."""
    number = key.int
    characters = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(characters)}"


def parse_id(prefix: str, text: str) -> uuid.UUID:
    """Read a public id back; raises NotFound where it is malformed or of another kind of document."""
    found, _, body = text.partition("_")
    if found == prefix and len(body) == 26:
        number = 0
        for character in body.lower():
            if character not in _VALUE:
                break
            number = number << 5 | _VALUE[character]
        else:
            if number < 1 << 128:
                return uuid.UUID(int=number)
    kind = next((kind.replace("_", " ") for kind, known in PREFIXES.items() if known == prefix), prefix)
    raise NotFound(f"There is no {kind} with the id {text[:64]!r}.", field="id")


PREFIXES = {
    "account": "acc",
    "accounting_book": "abk",
    "agreement": "agr",
    "agreement_line": "agl",
    "api_key": "key",
    "approval": "apr",
    "arrangement_posting": "arp",
    "bank_account": "bka",
    "bank_line": "bnl",
    "bank_statement": "bst",
    "bill_run": "run",
    "book_entry": "bke",
    "commitment": "cmt",
    "coupon": "cpn",
    "coupon_grant": "cpg",
    "credit": "crd",
    "credit_note": "crn",
    "credit_note_line": "cnl",
    "customer": "cus",
    "delivery": "dlv",
    "dispute": "dis",
    "entity": "ent",
    "event": "evt",
    "exemption_certificate": "exc",
    "file": "fil",
    "fulfilment_step": "stp",
    "installation": "ins",
    "intercompany_sale": "ics",
    "invoice": "inv",
    "invoice_line": "inl",
    "journal_entry": "jen",
    "journal_export": "jex",
    "money_alert": "mal",
    "obligation": "obl",
    "order": "ord",
    "order_line": "orl",
    "outbox_message": "msg",
    "payment": "pay",
    "payment_intent": "pin",
    "plan": "pln",
    "price_book": "pbk",
    "price_campaign": "pcg",
    "price_index": "pix",
    "price_study": "pst",
    "product": "prd",
    "provisioning_endpoint": "pve",
    "provisioning_request": "prv",
    "quote": "quo",
    "quote_line": "qul",
    "quote_version": "quv",
    "refund": "rfd",
    "reminder": "rem",
    "revenue_arrangement": "rar",
    "revenue_posting": "rvp",
    "shipment": "shp",
    "signature": "sig",
    "stand_alone_price": "ssp",
    "subscription": "sub",
    "tax_rate": "txr",
    "usage_alert": "ual",
    "usage_batch": "ubt",
    "usage_dead_letter": "udl",
    "usage_event": "uev",
    "usage_meter": "mtr",
    "user": "usr",
    "waiting_bill": "wtb",
    "withholding_rate": "whr",
    "wallet": "wal",
    "warehouse": "whs",
    "webhook_endpoint": "whe",
}
"""The prefix of each type of object; the types are also those of the event log."""


def public(kind: str, key: uuid.UUID) -> str:
    """The public id of an object of that type."""
    return public_id(PREFIXES[kind], key)


def key_of(kind: str, text: str) -> uuid.UUID:
    """The key behind the public id of an object of that type; raises NotFound."""
    return parse_id(PREFIXES[kind], text)
