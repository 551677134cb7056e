"""What can be wrong with helm, by rule id."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

NO_HELM = Rule("NM401", "a helm is at hand")
TOO_OLD = Rule("NM402", "helm is new enough to judge values by the same schema rules as Helm 4")
CRASHED = Rule("NM403", "helm runs to its end and says what is wanted of it")
REFUSED = Rule("NM404", "helm renders what validation let through")
ARGUMENT = Rule("NM405", "arguments for helm do not go round the validation")
NOT_FETCHED = Rule("NM406", "helm can be fetched, and is the one that was pinned")
UNREPEATABLE = Rule("NM407", "values come from where helm can read them again, after they were judged")
MALFORMED = Rule("NM408", "helm can read the values files and the --set arguments")

RULES = (NO_HELM, TOO_OLD, CRASHED, REFUSED, ARGUMENT, NOT_FETCHED, UNREPEATABLE, MALFORMED)


class HelmError(FindingsError):
    """Helm cannot be found or run, or it refused."""
