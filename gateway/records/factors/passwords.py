"""Which passwords are taken: by length, and none that a list of common ones, the login or the site gives away.

No rules about letter case, digits and signs: they make passwords worse (NIST SP 800-63B 3.1.1.2). The same rule holds
wherever a password is set.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from gateway.errors import Invalid

SHORTEST: Final = 12
LONGEST: Final = 1000
FEWEST_OF_ITS_OWN: Final = 8
"""Characters that must be left when login, site and the name of this product are taken out."""
FEWEST_DIFFERENT: Final = 5
PRODUCT: Final = ("pml", "gateway", "natalizumab")

# Of the published lists of leaked passwords: the words that people make long ones from.
_COMMON_WORDS: Final = """
password passwort passwd passphrase motdepasse contrasena senha heslo haslo parola salasana wachtwoord
losenord admin administrator root user username login guest test testing tester demo default changeme change
secret geheim welcome willkommen bienvenue hello hallo bonjour letmein openup access master superuser superman
batman spiderman qwerty qwertz azerty asdfgh asdfghjkl zxcvbnm qwertyuiop qwertzuiop azertyuiop iloveyou
iloveu loveyou love lovely princess prinzessin sunshine sonnenschein monkey dragon drache shadow schatten
football fussball baseball soccer basketball hockey liverpool arsenal chelsea barcelona realmadrid bayern
dortmund juventus michael jennifer jessica charlie daniel thomas andreas ashley nicole hunter killer pepper
cookie chocolate schokolade flower blume summer sommer winter spring fruehling autumn herbst january february
march april june july august september october november december januar februar maerz juni juli oktober
dezember monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag
samstag sonntag starwars pokemon computer internet samsung iphone android google facebook whatever trustno
freedom freiheit forever nothing hospital krankenhaus klinik clinic doctor doktor radiology radiologie
radiologist radiologe neurology neurologie neuroradiology medical medizin patient nurse mri mrt brain gehirn
dicom pacs orthanc dcm4chee scanner university universitaet reader reading lead coordinator
correcthorsebatterystaple abcdef abcdefgh
"""
COMMON: Final = frozenset(_COMMON_WORDS.split())
ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop")
ROWS_BELOW: Final = (
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_LEET: Final = str.maketrans("013457@$!", "oieastasi")


def check_password_rule(password: str, *names: str) -> None:
    """Raise Invalid, with the fix, unless the password may be used; `names` are login, site and shown name."""
    if len(password) < SHORTEST:
        raise Invalid(f"The password has {len(password)} characters.", f"Use at least {SHORTEST}.")
    if len(password) > LONGEST:
        raise Invalid("The password is very long.", f"Use at most {LONGEST} characters.")
    plain = unicodedata.normalize("NFKC", password).casefold()
    if _is_common(plain):
        raise Invalid(
            "This password is one of those that are tried first.",
            "Use several words that do not belong together, or let a password manager make one.",
        )
    rest = _without(plain, names)
    if len(rest) < FEWEST_OF_ITS_OWN:
        raise Invalid(
            "This password is little more than the login, the name or the site.",
            "Use several words that do not belong together, or let a password manager make one.",
        )


def _is_common(plain: str) -> bool:
    squeezed = re.sub(r"[\W_]+", "", plain)
    letters = {
        re.sub(r"^\d+|\d+$", "", squeezed),
        re.sub(r"[\W\d_]+", "", plain.translate(_LEET)),
        re.sub(r"[\W\d_]+", "", re.sub(r"[\W\d_]+$", "", plain).translate(_LEET)),
    }
    return (
        len(set(plain)) < FEWEST_DIFFERENT
        or _is_a_row(squeezed)
        or any(word == "" or _is_made_of_common_words(word) or _is_a_row(word) for word in letters)
    )


def _is_made_of_common_words(word: str) -> bool:
    """One common word, the same twice, or two of them."""
    if word in COMMON:
        return True
    return any(word[:at] in COMMON and word[at:] in COMMON for at in range(3, len(word) - 2)) or any(
        word == word[:size] * (len(word) // size) for size in range(1, 7) if len(word) % size == 0 < len(word)
    )


def _is_a_row(word: str) -> bool:
    """Nothing but keys or letters in their order, or backwards, in runs of three and more."""
    if len(word) < 4:
        return False
    at = 0
    while at < len(word):
        size = next((size for size in range(len(word) - at, 2, -1) if _is_a_run(word[at : at + size])), 0)
        if not size:
            return False
        at += size
    return True


def _is_a_run(word: str) -> bool:
    doubled = [row * (len(word) // len(row) + 2) for row in (*ROWS, *ROWS_BELOW)]
    return any(word in row or word[::-1] in row for row in doubled)


def _without(plain: str, names: Sequence[str]) -> str:
    parts = [part for name in names for part in (name, *re.split(r"[\W_]+", name))]
    words = sorted({unicodedata.normalize("NFKC", part).casefold() for part in (*parts, *PRODUCT)}, key=len)
    for word in reversed(words):
        if len(word) > 2:
            plain = plain.replace(word, "")
    return re.sub(r"[\W_]+", "", plain)
