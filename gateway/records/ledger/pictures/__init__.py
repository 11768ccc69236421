"""What is worked out of copies to be looked at, beside the cases: `making` of index and volumes, `change_maps`."""
