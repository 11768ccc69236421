"""Storage commitment both ways: `answers` to our requests, and the results that are `owed` to those who asked us."""
