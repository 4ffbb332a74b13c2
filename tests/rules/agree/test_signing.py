"""Whose name a signature bears: the signer's, however it is spaced, cased or accented."""

import pytest

from cashline.flow.agree.contracts.rules.signing import check_typed_name
from cashline.kernel.refusals import InvalidValue


@pytest.mark.parametrize(
    ("typed", "signer"),
    [
        ("Erika Einkauf", "Erika Einkauf"),
        ("  erika   EINKAUF ", "Erika Einkauf"),
        ("Dr. E. Einkauf", "Erika Einkauf"),
        ("Einkauf, Erika", "Erika Einkauf"),
        ("Erika Muller", "Müller, Erika"),
        ("Jose Nunez", "José Núñez"),
        ("王伟", "王伟"),
    ],
)
def test_the_signers_own_name_is_taken(typed: str, signer: str) -> None:
    check_typed_name(typed, signer)


@pytest.mark.parametrize("typed", ["Mickey", "Erika", "Erika Einkaufmann", "?", ""])
def test_another_name_is_refused_with_the_name_that_is_wanted(typed: str) -> None:
    with pytest.raises(InvalidValue, match="to be signed by Erika Einkauf") as refused:
        check_typed_name(typed, "Erika Einkauf")
    assert refused.value.field == "typed_name"
