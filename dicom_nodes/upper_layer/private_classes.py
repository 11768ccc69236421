"""Storage SOP classes that makers of MR scanners defined for themselves, as their conformance statements name them.

A scanner sends such objects among the images of a study, and its whole job fails when they are refused.
"""

from __future__ import annotations

from typing import Final

PRIVATE_STORAGE: Final = {
    "1.2.840.113619.4.2": "GE MR Image Info Object",
    "1.2.840.113619.4.3": "GE CT Image Info Object",
    "1.2.840.113619.4.4": "GE Display Image Info Object",
    "1.2.840.113619.4.26": "GE 3D Model Storage",
    "1.2.840.113619.4.27": "GE eNTEGRA Protocol or NM Genie Storage",
    "1.2.840.113619.4.30": "GE PET Raw Data Storage",
    "1.2.840.113619.4.5.249": "GE RT Plan Storage",
    "1.2.528.1.1001.5.1.1.1": "GE Collage Storage",
    "1.3.12.2.1107.5.9.1": "Siemens CSA Non-Image Storage",
    "1.3.12.2.1107.5.99.3.10": "Siemens CT MR Volume Storage",
    "1.3.12.2.1107.5.99.3.11": "Siemens AX Frame Sets Storage",
    "1.3.46.670589.2.3.1.1": "Philips Specialised XA Storage",
    "1.3.46.670589.2.4.1.1": "Philips CX Image Storage",
    "1.3.46.670589.2.5.1.1": "Philips 3D Presentation State Storage",
    "1.3.46.670589.2.8.1.1": "Philips VRML Storage",
    "1.3.46.670589.2.11.1.1": "Philips Volume Set Storage",
    "1.3.46.670589.5.0.1": "Philips Volume Storage (Retired)",
    "1.3.46.670589.5.0.1.1": "Philips Volume Storage",
    "1.3.46.670589.5.0.2": "Philips 3D Object Storage (Retired)",
    "1.3.46.670589.5.0.2.1": "Philips 3D Object Storage",
    "1.3.46.670589.5.0.3": "Philips Surface Storage (Retired)",
    "1.3.46.670589.5.0.3.1": "Philips Surface Storage",
    "1.3.46.670589.5.0.4": "Philips Composite Object Storage",
    "1.3.46.670589.5.0.7": "Philips MR Cardio Profile Storage",
    "1.3.46.670589.5.0.8": "Philips MR Cardio Storage (Retired)",
    "1.3.46.670589.5.0.8.1": "Philips MR Cardio Storage",
    "1.3.46.670589.5.0.9": "Philips CT Synthetic Image Storage",
    "1.3.46.670589.5.0.10": "Philips MR Synthetic Image Storage",
    "1.3.46.670589.5.0.11": "Philips MR Cardio Analysis Storage (Retired)",
    "1.3.46.670589.5.0.11.1": "Philips MR Cardio Analysis Storage",
    "1.3.46.670589.5.0.12": "Philips CX Synthetic Image Storage",
    "1.3.46.670589.5.0.13": "Philips Perfusion Storage",
    "1.3.46.670589.5.0.14": "Philips Perfusion Image Storage",
    "1.3.46.670589.7.8.1618510091": "Philips X-Ray MF Storage",
    "1.3.46.670589.7.8.1618510092": "Philips Live Run Storage",
    "1.3.46.670589.7.8.16185100129": "Philips Run Storage",
    "1.3.46.670589.7.8.16185100130": "Philips Reconstruction Storage",
    "1.3.46.670589.11.0.0.12.1": "Philips MR Spectrum Storage",
    "1.3.46.670589.11.0.0.12.2": "Philips MR Series Data Storage",
    "1.3.46.670589.11.0.0.12.3": "Philips MR Color Image Storage",
    "1.3.46.670589.11.0.0.12.4": "Philips MR Examcard Storage",
}
"""SOP Class UID to name. Their objects are kept and never leave: profiles hold what no standard describes."""
