"""Services for programs: `health` and metrics, the `surveillance` calendar as JSON and CSV, `security_txt`."""
