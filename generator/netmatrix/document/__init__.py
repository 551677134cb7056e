"""YAML files read strictly, with a place for every value, and the findings that point there.

Every room may import it. Files written whole and interrupts held back live here too, since other rooms need them alike.
What reads files stands in `document.reader` and not in this list: of `document`, most of `policy` needs findings alone.
"""

from netmatrix.document.finding import Finding, FindingsError, Rule, Severity, UnreadableError, did_you_mean
from netmatrix.document.place import KeyPath, Place, key_path_text

__all__ = [
    "Finding",
    "FindingsError",
    "KeyPath",
    "Place",
    "Rule",
    "Severity",
    "UnreadableError",
    "did_you_mean",
    "key_path_text",
]
