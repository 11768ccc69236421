"""De-identification of MR objects, proof that it worked, and the way back: pure functions on datasets.

The story: `load_profile` -> `deidentify` (PS3.15 Annex E) -> `encode` -> `find_leaks` (the proof, on the encoded
bytes) -> ... a report comes back ... -> `restore`. Nothing here reads a disk, a database or a clock.
"""

from __future__ import annotations

from gateway.privacy.deidentify import Deidentified, PatientContext, deidentify
from gateway.privacy.encoding import encode
from gateway.privacy.errors import Held, PrivacyError, ProfileError, PseudonymKeyError, Reason
from gateway.privacy.leaks import IdentifyingValue, Leak, find_leaks, identifying_values
from gateway.privacy.profile import Action, Profile, load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.reidentify import restore

__all__ = [
    "Action",
    "Deidentified",
    "Held",
    "IdentifyingValue",
    "Leak",
    "PatientContext",
    "PrivacyError",
    "Profile",
    "ProfileError",
    "PseudonymKey",
    "PseudonymKeyError",
    "Reason",
    "deidentify",
    "encode",
    "find_leaks",
    "identifying_values",
    "load_profile",
    "restore",
]
