"""Two versions of a study's objects: `contested` (the question, and what it freezes), `decision`, `settlement`;
and `linking`: a study without a number said to be another's patient's."""
