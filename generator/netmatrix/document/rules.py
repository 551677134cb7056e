"""The rules of reading a document, NM001 to NM019: what a file must be before anybody asks what it says."""

from __future__ import annotations

from netmatrix.document.finding import Rule

READABLE = Rule("NM001", "The file exists and can be read.", "Name a file that exists and that you may read.")
SIZE = Rule(
    "NM002",
    "The file is no larger than 1 MiB.",
    "Give the file that you meant: a person writes no values file of this size.",
)
TEXT = Rule(
    "NM003",
    "The file is text in UTF-8, without control characters.",
    "Save the file as UTF-8, and remove the character at the place that is named.",
)
NO_BYTE_ORDER_MARK = Rule(
    "NM004", "The file does not start with a byte-order mark.", 'Save it as UTF-8 without a byte-order mark ("BOM").'
)
NOT_EMPTY = Rule(
    "NM005",
    "The file holds more than white space; comments alone are an empty mapping.",
    "Write something into it, or leave it out.",
)
SYNTAX = Rule(
    "NM006",
    "The file is valid YAML.",
    "Mend the line that is named; a tab in the indentation and an unclosed quote are the usual causes.",
)
ONE_DOCUMENT = Rule(
    "NM007",
    "The file holds one YAML document.",
    "Remove the line `---` between the documents, or put them into files of their own.",
)
MAPPING = Rule(
    "NM008",
    "The top level of the document is a mapping of keys to values.",
    "Start each line at the left edge with `key:`.",
)
KEY_ONCE = Rule("NM009", "A key stands once in its mapping.", "Keep one of the two, and join what stands below them.")
KEY_IS_STRING = Rule("NM010", "A key is a string to every YAML reader.", "Put the key into quotes.")
NO_TAG = Rule(
    "NM011",
    "No value carries an explicit YAML tag.",
    "Remove the tag (`!...`), and put the value into quotes if it is a text.",
)
CLEAR_SCALAR = Rule(
    "NM012",
    "A value without quotes means the same to every YAML reader.",
    "Put the value into quotes if it is a text; write true, false or a plain number if it is not.",
)
DEPTH = Rule(
    "NM013",
    "Values are nested no more than 64 levels deep, aliases expanded.",
    "Give the file that you meant: values are not nested that deeply.",
)
COUNT = Rule(
    "NM014",
    "The document holds no more than 100,000 values, aliases expanded.",
    "Give the file that you meant, or write out what its aliases repeat.",
)
NO_RECURSION = Rule(
    "NM015", "No alias refers to a collection that contains it.", "Remove the alias that refers to what it stands in."
)
MERGE = Rule(
    "NM016",
    "A merge key names mappings, and stands before the keys that override them.",
    "Put `<<: *name` first in its mapping, and have it name a mapping.",
)
NO_DIRECTIVE = Rule(
    "NM017", "The file carries no YAML directive, such as %YAML or %TAG.", "Remove the line that starts with `%`."
)
PLAIN_CHARACTERS = Rule(
    "NM018",
    "The file holds no character that some YAML readers take for a line break and others do not.",
    "Remove the character at the place that is named; it is invisible in most editors.",
)
SEPARATOR = Rule(
    "NM019", "A line that starts with --- holds nothing else.", "Put what follows `---` onto the next line."
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))
