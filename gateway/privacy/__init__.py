"""De-identification of MR objects, proof that it worked, and the way back: pure functions on datasets.

The story: `load_profile` -> `deidentify` (PS3.15 Annex E) -> `encode` -> `find_leaks` (the proof, on the encoded
bytes) -> ... a report comes back ... -> `restore`. `Preparer` does the first steps for the files of a study, fast and
with the same result. Nothing here reads a disk, a database or a clock.
"""

from __future__ import annotations

from gateway.privacy.deidentify import Deidentified, PatientContext, deidentify
from gateway.privacy.encoding import encode
from gateway.privacy.errors import Held, PrivacyError, ProfileError, PseudonymKeyError, Reason
from gateway.privacy.identifying import StudyValues
from gateway.privacy.leaks import IdentifyingValue, Leak, LeakSearch, find_leaks, identifying_values
from gateway.privacy.preparer import Prepared, Preparer
from gateway.privacy.profile import Action, Profile, load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.reidentify import restore

__all__ = [
    "Action",
    "Deidentified",
    "Held",
    "IdentifyingValue",
    "Leak",
    "LeakSearch",
    "PatientContext",
    "Prepared",
    "Preparer",
    "PrivacyError",
    "Profile",
    "ProfileError",
    "PseudonymKey",
    "PseudonymKeyError",
    "Reason",
    "StudyValues",
    "deidentify",
    "encode",
    "find_leaks",
    "identifying_values",
    "load_profile",
    "restore",
]
