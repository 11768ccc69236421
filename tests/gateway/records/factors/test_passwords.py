"""Which passwords are taken."""

from __future__ import annotations

import pytest

from gateway.errors import Invalid
from gateway.records.factors.passwords import LONGEST, check_password_rule


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "passwordpassword",
        "Password2026!!",
        "P@ssw0rd2026!",
        "qwertyuiopasdf",
        "abcdefghijklmnop",
        "zyxwvutsrqpo",
        "123456789012",
        "2026-11-20-2026",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "radiologyradiology",
        "HospitalWinter2026",
        "1q2w3e4r5t6y7u",
        "x" * (LONGEST + 1),
        "carla.northern-12",
        "northern2026!",
        "Dr. Carla Meier1",
    ],
)
def test_what_is_tried_first_is_refused_with_what_helps(password: str) -> None:
    """Short, common, a row of keys, or made of the login, the shown name or the site."""
    with pytest.raises(Invalid) as refused:
        check_password_rule(password, "carla", "northern", "Dr. Carla Meier")
    assert refused.value.fix
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "a long password",
        "correct horse battery",
        "vier kleine Enten im Teich",
        "tG7-qPz_09xWmLk4",
        "ångström åska äpple",
    ],
)
def test_words_that_do_not_belong_together_are_taken(password: str) -> None:
    """Without any rule about digits, signs and letter case."""
    check_password_rule(password, "ana", "north", "Ana")
