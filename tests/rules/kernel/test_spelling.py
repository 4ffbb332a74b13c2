"""Names that people take for the same: however their umlauts and accents are spelled."""

import pytest

from cashline.kernel.spelling import searchable, without_marks


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Müller & Söhne", "mueller & soehne"),
        ("Mu\u0308ller", "mueller"),
        ("STRASSE Straße", "strasse strasse"),
        ("Société Générale", "societe generale"),
        ("Ærø Ångström", "aeroe aangstroem"),
        ("ΟΔΟΣ", "οδοσ"),
        ("", ""),
    ],
)
def test_a_name_is_looked_up_in_plain_small_letters(name: str, plain: str) -> None:
    assert searchable(name) == plain


def test_marks_of_any_script_are_taken_off() -> None:
    assert without_marks("José Núñez") == "Jose Nunez"
    assert without_marks("مُحَمَّد") == "محمد"
