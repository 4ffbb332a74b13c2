"""How the status of a bank line moves. No line is deleted: what is no receipt is ignored, and may be taken up again."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class BankLineStatus(StrEnum):
    """Where a line stands. A split one came as one sum, and its parts stand beside it."""

    OPEN = "open"
    MATCHED = "matched"
    IGNORED = "ignored"
    SPLIT = "split"


BANK_LINE = Lifecycle[BankLineStatus](
    "bank line",
    ("match", (BankLineStatus.OPEN,), BankLineStatus.MATCHED),
    ("ignore", (BankLineStatus.OPEN,), BankLineStatus.IGNORED),
    ("split", (BankLineStatus.OPEN,), BankLineStatus.SPLIT),
    ("unmatch", (BankLineStatus.MATCHED,), BankLineStatus.OPEN),
    ("take_up", (BankLineStatus.IGNORED,), BankLineStatus.OPEN),
)
