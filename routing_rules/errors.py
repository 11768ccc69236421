"""Errors of this library: each carries what is wrong, the value it is about and how to put it right.

RuleError            everything below
├── RuleFileError    a rule file (or vendor-facts file) has problems; all of them, each with file and line
└── VersionError     a version of the rules cannot be published or put in force (in `versions`)
"""

from __future__ import annotations

from dicom_nodes.config_files.file_problem import FileProblem
from dicom_nodes.explained_error import ExplainedError


class RuleError(ExplainedError):
    """The base of every error this library raises on purpose."""


class RuleFileError(RuleError):
    """A file cannot be used; `problems` has every reason at once."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} in the files:\n{listed}", problems[0].fix if problems else "")

    def __str__(self) -> str:
        return self.problem  # every problem listed in it ends with its own fix
