"""The rules of reading a document, NM001 to NM019: what a file must be before anybody asks what it says."""

from __future__ import annotations

from netmatrix.document.finding import Rule

READABLE = Rule("NM001", "The file exists and can be read.")
SIZE = Rule("NM002", "The file is no larger than 1 MiB.")
TEXT = Rule("NM003", "The file is text in UTF-8, without control characters.")
NO_BYTE_ORDER_MARK = Rule("NM004", "The file does not start with a byte-order mark.")
NOT_EMPTY = Rule("NM005", "The file holds more than white space; comments alone are an empty mapping.")
SYNTAX = Rule("NM006", "The file is valid YAML.")
ONE_DOCUMENT = Rule("NM007", "The file holds one YAML document.")
MAPPING = Rule("NM008", "The top level of the document is a mapping of keys to values.")
KEY_ONCE = Rule("NM009", "A key stands once in its mapping.")
KEY_IS_STRING = Rule("NM010", "A key is a string to every YAML reader.")
NO_TAG = Rule("NM011", "No value carries an explicit YAML tag.")
CLEAR_SCALAR = Rule("NM012", "A value without quotes means the same to every YAML reader.")
DEPTH = Rule("NM013", "Values are nested no more than 64 levels deep, aliases expanded.")
COUNT = Rule("NM014", "The document holds no more than 100,000 values, aliases expanded.")
NO_RECURSION = Rule("NM015", "No alias refers to a collection that contains it.")
MERGE = Rule("NM016", "A merge key names mappings, and stands before the keys that override them.")
NO_DIRECTIVE = Rule("NM017", "The file carries no YAML directive, such as %YAML or %TAG.")
PLAIN_CHARACTERS = Rule(
    "NM018", "The file holds no character that some YAML readers take for a line break and others do not."
)
SEPARATOR = Rule("NM019", "A line that starts with --- holds nothing else.")
