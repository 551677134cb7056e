"""One object's fields, read with their types: what is wrong is collected with its place, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netmatrix.document import Finding, KeyPath, Rule, did_you_mean
from netmatrix.document import rules as document_rules
from netmatrix.document.scalars import Doubt, DoubtfulKey
from netmatrix.document.wording import found, quoted
from netmatrix.policy import rules
from netmatrix.policy.labels import is_dns_label, is_label_key, is_label_value, is_subdomain
from netmatrix.policy.source import Source

_NOTHING: Mapping[str, Any] = {}


class Fields:
    """Reads the fields of one document. A reader returns something harmless where it reports a finding."""

    def __init__(self, source: Source, findings: list[Finding]) -> None:
        self.source = source
        self._findings = findings

    def error(self, rule: Rule, path: KeyPath, message: str, hint: str = "", *, of_key: bool = False) -> None:
        """Report what is wrong at `path`."""
        self._findings.append(Finding(rule, message, self.source.place(path, of_key=of_key), path, hint))

    def struct(self, value: Any, path: KeyPath, known: frozenset[str]) -> Mapping[str, Any]:
        """A mapping with no other fields than the `known` ones; one that is null or missing is empty."""
        data = self.mapping(value, path)
        if not data.keys() <= known:
            for field in data.keys() - known:
                hint = did_you_mean(field, known)
                message = f"the field {quoted(field)} is unknown to the Kubernetes API here"
                self.error(rules.UNKNOWN_FIELD, (*path, field), message, hint, of_key=True)
        return data

    def mapping(self, value: Any, path: KeyPath) -> Mapping[str, Any]:
        """A mapping; one that is null or missing is empty."""
        if type(value) is dict:
            return value
        if value is not None:
            self._wrong_type(value, path, "a mapping of fields")
        return _NOTHING

    def items(self, value: Any, path: KeyPath) -> list[Any]:
        """A list; one that is null or missing is empty."""
        if type(value) is list:
            return value
        if value is not None:
            self._wrong_type(value, path, "a list")
        return []

    def each(self, value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
        """The items of a list, each with its path."""
        return (((*path, index), item) for index, item in enumerate(self.items(value, path)))

    def entries(self, value: Any, path: KeyPath, known: frozenset[str]) -> list[tuple[KeyPath, Mapping[str, Any]]]:
        """The entries of a list of structs, each with its path.

        The API server takes an entry that is null for an empty one, which in a list of rules allows everything.
        """
        entries: list[tuple[KeyPath, Mapping[str, Any]]] = []
        for entry_path, item in self.each(value, path):
            if item is None:
                hint = "remove it, or write {} if an empty entry is meant; the API server takes null for {}"
                self.error(rules.TYPE, entry_path, "the entry is null", hint)
            else:
                entries.append((entry_path, self.struct(item, entry_path, known)))
        return entries

    def string(self, data: Mapping[str, Any], field: str, path: KeyPath, *, required: bool = False) -> str | None:
        """A string, None where it is null or missing."""
        value = data.get(field)
        if type(value) is str:
            return value
        if value is not None:
            self._wrong_type(value, (*path, field), "a string")
        elif required:
            self.missing(field, path)
        return None

    def integer(self, data: Mapping[str, Any], field: str, path: KeyPath) -> int | None:
        """An integer, None where it is null or missing."""
        value = data.get(field)
        if value is None or type(value) is int:
            return value
        self._wrong_type(value, (*path, field), "an integer")
        return None

    def boolean(self, data: Mapping[str, Any], field: str, path: KeyPath) -> bool:
        """True or false; false where it is null or missing."""
        value = data.get(field)
        if value is not None and type(value) is not bool:
            self._wrong_type(value, (*path, field), "true or false")
        return value is True

    def string_at(self, value: Any, path: KeyPath) -> str:
        """A string that must be there, such as an entry of a list of strings."""
        if type(value) is not str:
            self._wrong_type(value, path, "a string")
            return ""
        return value

    def labels(self, value: Any, path: KeyPath) -> Mapping[str, str]:
        """A map of labels, keys and values valid."""
        data = self.mapping(value, path)
        for key, item in data.items():
            if type(key) is not str or type(item) is not str or not is_label_key(key) or not is_label_value(item):
                self._bad_label(key, item, (*path, key))
                data = _NOTHING
        return data

    def label_key(self, key: str, path: KeyPath, *, of_key: bool = False) -> None:
        """Check a label's key."""
        if not is_label_key(key):
            hint = "write a name of at most 63 letters, digits, '-', '_', '.', after an optional DNS name and '/'"
            self.error(rules.LABEL, path, f"{quoted(key)} is no label key", hint, of_key=of_key)

    def label_value(self, value: str, path: KeyPath) -> None:
        """Check a label's value."""
        if not is_label_value(value):
            hint = "write at most 63 letters, digits, '-', '_', '.', with a letter or digit at both ends"
            self.error(rules.LABEL, path, f"{quoted(value)} is no label value", hint)

    def name(self, data: Mapping[str, Any], path: KeyPath) -> str:
        """`metadata.name`, or `generateName` where the API server is to complete it."""
        name = self.string(data, "name", path)
        if name is None:
            prefix = self.string(data, "generateName", path)
            if not prefix:
                self.missing("name", path)
            elif not is_subdomain(prefix.rstrip("-.") or "-"):
                self.error(rules.NAME, (*path, "generateName"), f"{quoted(prefix)} cannot start a name")
            return prefix or ""
        if not is_subdomain(name):
            hint = "write at most 253 lower-case letters, digits, '-' and '.'"
            self.error(rules.NAME, (*path, "name"), f"{quoted(name)} is not a valid name", hint)
        return name

    def namespace_name(self, name: str, path: KeyPath) -> str:
        """Check the name of a namespace."""
        if not is_dns_label(name):
            hint = "write at most 63 lower-case letters, digits and '-'"
            self.error(rules.NAME, path, f"{quoted(name)} is not a valid name of a namespace", hint)
        return name

    def missing(self, field: str, path: KeyPath) -> None:
        """Report a field that must be there."""
        self.error(rules.REQUIRED, path, f"the field '{field}' is missing", f"add '{field}'")

    def _wrong_type(self, value: Any, path: KeyPath, expected: str) -> None:
        if isinstance(value, Doubt):
            message = f"expected {expected}; readers differ on this value: {value.reason}"
            self.error(document_rules.CLEAR_SCALAR, path, message, value.hint)
            return
        hint = f'write it in quotes: "{value}"' if expected == "a string" and type(value) in (int, float) else ""
        self.error(rules.TYPE, path, f"expected {expected}; found {_found(value)}", hint)

    def _bad_label(self, key: str, value: Any, path: KeyPath) -> None:
        if isinstance(key, DoubtfulKey):
            message = f"the key {quoted(key)} without quotes is not a string to every YAML reader"
            self.error(document_rules.KEY_IS_STRING, path, message, "quote it", of_key=True)
        self.label_key(key, path, of_key=True)
        self.label_value(self.string_at(value, path), path)


def _found(value: Any) -> str:
    return found(value) if isinstance(value, (dict, list, str, bool, int, type(None))) else str(value)[:40]
