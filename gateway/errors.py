"""Every error the gateway raises on purpose: each says what is wrong and what to do.

GatewayError                  problem + fix
├── SettingsError             a configuration that cannot be used
├── NotAllowed                the account may not do this
├── Conflict                  somebody or something was faster
│   ├── AlreadyClaimed        another reader holds the case
│   ├── NotClaimed            the case must be claimed first
│   ├── AlreadySigned         a signed report is never overwritten
│   └── StaleDraft            the draft was saved elsewhere in between
├── NotThere                  no such case, study, report or account
├── WrongState                the case cannot do this in its state
├── Invalid                   what was entered is missing or not possible
├── InvalidReport             the form is not complete or contradicts itself
├── KeyMissing                this process has no vault key
└── WrongKeys                 the keys are not those that the records rest on
"""

from __future__ import annotations

from dicom_nodes.explained_error import ExplainedError


class GatewayError(ExplainedError):
    """A problem with its fix; both are safe to show and to log (never an identity in them)."""


class SettingsError(GatewayError):
    """A configuration that cannot be used."""


class NotAllowed(GatewayError):
    """The account may not do this."""


class Conflict(GatewayError):
    """Somebody or something was faster."""


class AlreadyClaimed(Conflict):
    """Another reader holds the case."""


class NotClaimed(Conflict):
    """The case must be claimed before this."""


class AlreadySigned(Conflict):
    """A signed report is never overwritten."""


class StaleDraft(Conflict):
    """The draft was saved elsewhere in between."""


class NotThere(GatewayError):
    """No such case, study, report or account."""


class WrongState(GatewayError):
    """The case cannot do this in its state."""


class Invalid(GatewayError):
    """What was entered is missing or not possible."""


class InvalidReport(GatewayError):
    """The form is not complete or contradicts itself; `problems` lists every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(
            "The report cannot be signed: " + "; ".join(problems), "Complete or correct the items named."
        )
        self.problems = problems


class KeyMissing(GatewayError):
    """This process has no vault key."""


class WrongKeys(GatewayError):
    """The keys are not those that the records rest on."""
