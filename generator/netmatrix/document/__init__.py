"""YAML files read strictly, with a place for every value, and the findings that point there.

Every room may import it. Files written whole and interrupts held back live here too, since other rooms need them alike.
"""

from netmatrix.document.finding import Finding, FindingsError, Rule, Severity, did_you_mean
from netmatrix.document.place import KeyPath, Place, key_path_text
from netmatrix.document.reader import Document, DocumentError, parse_mapping, read_mapping

__all__ = [
    "Document",
    "DocumentError",
    "Finding",
    "FindingsError",
    "KeyPath",
    "Place",
    "Rule",
    "Severity",
    "did_you_mean",
    "key_path_text",
    "parse_mapping",
    "read_mapping",
]
