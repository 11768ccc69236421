"""DICOMweb (PS3.18): `stow` stores by the same intake as C-STORE, with its `store_request`,
`store_sender` and `store_response`.
"""
