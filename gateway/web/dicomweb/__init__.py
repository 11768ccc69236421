"""DICOMweb (PS3.18): `stow` stores by the same door as C-STORE."""
