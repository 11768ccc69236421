"""DICOMweb (PS3.18): `stow` stores by the same intake as C-STORE."""
