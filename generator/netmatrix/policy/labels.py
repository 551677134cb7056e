"""Labels and label selectors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that the control plane sets on every namespace, to the namespace's name."""


class Operator(StrEnum):
    """What a requirement asks of a label."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on the label `key`; `values` is sorted, without repetition, and empty for Exists, DoesNotExist."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the condition is true of `labels`.

        `NotIn` and `DoesNotExist` are true of an object that has no such label (Kubernetes documentation, Labels and
        Selectors, "Set-based requirement").
        """
        match self.operator:
            case Operator.IN:
                return self.key in labels and labels[self.key] in self.values
            case Operator.NOT_IN:
                return self.key not in labels or labels[self.key] not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector: all `requirements` must hold, and none at all selects everything.

    `matchLabels` are requirements too: "equivalent to an element of matchExpressions, whose key field is "key", the
    operator is "In", and the values array contains only "value". The requirements are ANDed" (API reference,
    LabelSelector). They are sorted and without repetition, so that equal ones compare equal.
    """

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the selector selects an object with these labels."""
        return all(requirement.holds(labels) for requirement in self.requirements)


EVERYTHING = Selector()

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
_SUBDOMAIN = re.compile(rf"{_DNS_LABEL.pattern}(?:\.{_DNS_LABEL.pattern})*", re.ASCII)
LONGEST_SUBDOMAIN = 253
LONGEST_LABEL = 63


@lru_cache(maxsize=65536)
def is_label_key(text: str) -> bool:
    """A name of at most 63 characters, after an optional DNS subdomain and `/` (API conventions, qualified name)."""
    prefix, slash, name = text.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or is_subdomain(prefix))


@lru_cache(maxsize=65536)
def is_label_value(text: str) -> bool:
    """Empty, or at most 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends."""
    return not text or bool(_NAME.fullmatch(text))


@lru_cache(maxsize=65536)
def is_subdomain(text: str) -> bool:
    """A DNS-1123 subdomain of at most 253 characters, which the names of most objects are."""
    return len(text) <= LONGEST_SUBDOMAIN and bool(_SUBDOMAIN.fullmatch(text))


def is_dns_label(text: str) -> bool:
    """A DNS-1123 label of at most 63 characters, which the names of namespaces are."""
    return len(text) <= LONGEST_LABEL and bool(_DNS_LABEL.fullmatch(text))
