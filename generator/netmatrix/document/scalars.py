"""What a plain (unquoted) scalar means to Helm, and whether other YAML readers would agree.

Helm reads with sigs.k8s.io/yaml: Go's YAML 1.1 reader, with additions of its own. Every reading below was tried with
Helm 4.3.1 and 3.22.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

Scalar = str | int | float | bool | None

LARGEST_INTEGER = 2**53
"""Helm keeps numbers as 64-bit floats, which hold every integer up to here."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A scalar that readers differ on: `reason` says who reads what, `hint` what to write instead."""

    reason: str
    hint: str


class DoubtfulKey(str):
    """A key that is no string to some YAML readers, such as `on` or `1`."""

    __slots__ = ()


_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = {"y": True, "yes": True, "on": True, "n": False, "no": False, "off": False}
_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BASED = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[bB][01_]+|[oO][0-7_]+)", re.ASCII)
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.inf|\.nan", re.ASCII | re.IGNORECASE)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9:.]+[ \t]*[-+Z0-9:]*)?", re.ASCII
)
_NUMBER_START = frozenset("0123456789+-.")


def read_plain(text: str) -> Scalar | Doubt:
    """What Helm reads for the plain scalar `text`, or a Doubt where another reader would read something else."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _NUMBER_START:
        return _read_number(text)
    if text.lower() in _SWITCHES:
        return _switch(text)
    if text in ("=", "<<"):
        return Doubt("Helm reads a string, YAML 1.1 readers a special token", _quoted(text))
    return text


def key_doubt(text: str) -> str:
    """Why the plain scalar `text` is no string to Helm or to another reader; empty where it is one to all of them."""
    value = read_plain(text)
    if isinstance(value, Doubt):
        return value.reason
    if value is None:
        return "it is null"
    if isinstance(value, bool):
        return f"it is the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return "it is a number"
    return ""


def _read_number(text: str) -> Scalar | Doubt:
    if _INTEGER.fullmatch(text):
        # The length goes first: Python refuses to convert very long integers.
        if len(text) <= 17 and abs(int(text)) <= LARGEST_INTEGER:
            return int(text)
        return _rounded(text)
    if _DECIMAL.fullmatch(text):
        return _read_decimal(text)
    if _BASED.fullmatch(text):
        return Doubt(
            f"Helm reads {_helm_number(text, 'a number')}, some other readers a string", _number_or_quoted(text)
        )
    if _SEXAGESIMAL.fullmatch(text):
        return Doubt("Helm reads a string, YAML 1.1 readers a number in base 60", _quoted(text))
    if _TIMESTAMP.fullmatch(text):
        return Doubt("Helm reads a string, YAML 1.1 readers a date", _quoted(text))
    if _NOT_FINITE.fullmatch(text):
        return Doubt("YAML readers take it for a number that JSON does not have, and Helm fails on it", _quoted(text))
    # Helm drops every underscore behind a sign or a digit, and then looks again.
    bare = text.replace("_", "")
    return _odd_number(text) if _NUMBER.fullmatch(bare) or _BASED.fullmatch(bare) else text


def _read_decimal(text: str) -> float | Doubt:
    value = float(text)
    if abs(value) > LARGEST_INTEGER:
        return _rounded(text)
    if value == 0 and text.startswith("-"):
        return Doubt("some readers keep the sign of minus zero, others drop it", "write 0")
    return value


def _rounded(text: str) -> Doubt:
    hint = f"write a number nearer to zero; for text, {_quoted(text)}"
    return Doubt("Helm rounds numbers beyond 2^53, other readers may keep every digit", hint)


def _odd_number(text: str) -> Doubt:
    """Doubts about what is a number to Helm, but not written as JSON would write it."""
    number = _helm_number(text, "a number")
    if "e" in text.lower():
        reason = f"Helm reads {number}, YAML 1.1 readers a string"
    elif "_" in text:
        reason = f"Helm reads {number}, YAML 1.2 readers a string"
    elif text.startswith("+"):
        reason = f"Helm reads {number}, stricter readers a string"
    elif text == "-0":
        return Doubt("some readers keep the sign of minus zero, others drop it", "write 0")
    elif text.startswith((".", "-.")) or text.endswith("."):
        reason = f"Helm reads {number}, stricter readers a string"
    elif set(text) <= set("-01234567"):
        return Doubt(f"Helm reads {number} (octal), YAML 1.2 readers a decimal number", _octal_hint(text, number))
    else:
        reason = f"Helm reads {number}, other readers a string"
    return Doubt(reason, _number_or_quoted(text))


def _switch(text: str) -> Doubt:
    value = str(_SWITCHES[text.lower()]).lower()
    hint = f"write {value}, or {_quoted(text)}"
    if text not in (text.lower(), text.upper(), text.capitalize()):
        return Doubt(f"Helm reads a string, although it looks like the boolean {value}", hint)
    others = "other readers" if len(text) == 1 else "YAML 1.2 readers"
    return Doubt(f"Helm reads the boolean {value}, {others} a string", hint)


def _helm_number(text: str, otherwise: str) -> str:
    """The number that Helm reads for `text`, written out; `otherwise` where it would be too long or rounded."""
    bare = text.replace("_", "")
    if len(bare) > 17:
        return otherwise
    try:
        if _BASED.fullmatch(bare):
            return str(int(bare, 0))
        if set(bare) <= set("-+01234567") and bare.lstrip("-+").startswith("0"):
            return str(int(bare, 8))
        value = float(bare)
    except ValueError:
        return otherwise
    if not math.isfinite(value) or abs(value) > LARGEST_INTEGER:
        return otherwise
    written = str(int(value)) if value.is_integer() else repr(value)
    return otherwise if "e" in written else written


def _quoted(text: str) -> str:
    return f'quote it: "{text}"' if len(text) <= 40 else "quote it"


def _number_or_quoted(text: str) -> str:
    """The number comes first: where a number belongs, a quoted one is the next error."""
    number = _helm_number(text, "")
    return f"write {number}; for text, {_quoted(text)}" if number else _quoted(text)


def _octal_hint(text: str, octal: str) -> str:
    decimal = str(int(text)) if len(text) <= 17 else octal
    numbers = octal if decimal == octal else f"{decimal} or {octal}, whichever you mean"
    return f"write {numbers}; for text, {_quoted(text)}"
