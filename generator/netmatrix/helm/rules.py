"""What can be wrong with helm, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

NO_HELM = Rule(
    "NM401", "a helm is at hand", "Install helm, name one with `HELM`, or run `make setup`, which fetches one."
)
TOO_OLD = Rule(
    "NM402",
    "helm is new enough to judge values by the same schema rules as Helm 4",
    "Install a newer helm, or name one with `HELM`.",
)
CRASHED = Rule(
    "NM403",
    "helm runs to its end and says what is wanted of it",
    "Run the same helm command yourself; the message has what it said.",
)
REFUSED = Rule(
    "NM404",
    "helm renders what validation let through",
    "Read what helm says; where `netmatrix validate` holds, report it as a fault.",
)
ARGUMENT = Rule(
    "NM405", "arguments for helm do not go round the validation", "Give it before the `--`, where it is judged."
)
NOT_FETCHED = Rule(
    "NM406",
    "helm can be fetched, and is the one that was pinned",
    "Look at the network and the package index, or install helm yourself.",
)
UNREPEATABLE = Rule(
    "NM407",
    "values come from where helm can read them again, after they were judged",
    "Save it to a file and name that.",
)
MALFORMED = Rule(
    "NM408",
    "helm can read the values files and the --set arguments",
    "Write it as helm reads it; `helm template` with that file alone shows the fault.",
)

RULES = (NO_HELM, TOO_OLD, CRASHED, REFUSED, ARGUMENT, NOT_FETCHED, UNREPEATABLE, MALFORMED)


class HelmError(FindingsError):
    """Helm cannot be found or run, or it refused."""
