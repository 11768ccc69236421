"""Two versions of a study's objects: `contested` (the question, and what it freezes), `decision`, `settlement`."""
