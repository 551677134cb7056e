"""The looks of a picture: CSS for light and dark, in which no class stands for a colour alone.

Kinds of connections differ in their strokes as well: plain, doubled, dashed, dotted, dash-dotted. Text has a contrast
of 4.5 or more to what it stands on (WCAG 2.2, 1.4.3), lines of 3 (1.4.11); the tests compute it.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "canvas": "#ffffff",
    "ink": "#1f2328",
    "quiet": "#59636e",
    "namespace": "#f3f5f8",
    "frame": "#7d8791",
    "box": "#ffffff",
    "other": "#e4ebf3",
    "environment": "#0b57c4",
    "operational": "#8a4600",
    "exception": "#a40e26",
}
DARK: Mapping[str, str] = {
    "canvas": "#0d1117",
    "ink": "#e6edf3",
    "quiet": "#a2abb5",
    "namespace": "#171e27",
    "frame": "#707a85",
    "box": "#0d1117",
    "other": "#243042",
    "environment": "#79b8ff",
    "operational": "#eba860",
    "exception": "#ff9a94",
}

_SHAPES = """\
.netmatrix-graph text { font-family: Arial, Helvetica, "Liberation Sans", "DejaVu Sans", sans-serif; }
.netmatrix-graph .heading { font-size: 18px; font-weight: bold; }
.netmatrix-graph .title { font-size: 14px; }
.netmatrix-graph .ports, .netmatrix-graph .key { font-size: 12px; }
.netmatrix-graph .detail, .netmatrix-graph .name { font-size: 11px; }
.netmatrix-graph .centred { text-anchor: middle; }
.netmatrix-graph .line, .netmatrix-graph .core { fill: none; stroke-linejoin: round; }
.netmatrix-graph .line { stroke-width: 1.5; }
.netmatrix-graph .environment .line { stroke-width: 4.5; }
.netmatrix-graph .environment .core { stroke-width: 1.7; }
.netmatrix-graph .operational .line { stroke-width: 1.7; stroke-dasharray: 7 4; }
.netmatrix-graph .exception .line { stroke-width: 2.4; stroke-dasharray: 11 4 2 4; }
.netmatrix-graph .off .line { stroke-width: 1.5; stroke-dasharray: 2 3; }
.netmatrix-graph .head { stroke-width: 1.2; stroke-linejoin: round; }
.netmatrix-graph .namespace rect { stroke-width: 1; }
.netmatrix-graph .pod rect { stroke-width: 1.5; }
.netmatrix-graph .endpoint rect { stroke-width: 1.2; stroke-dasharray: 4 2; }
"""


def stylesheet() -> str:
    """All rules; what the dark scheme changes stands in its media query, so that a plain viewer shows the light one."""
    dark = "".join(f"  {line}\n" for line in _colours(DARK).splitlines())
    return f"\n{_SHAPES}{_colours(LIGHT)}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _colours(scheme: Mapping[str, str]) -> str:
    rules = {
        ".canvas, .label rect": f"fill: {scheme['canvas']}",
        "text": f"fill: {scheme['ink']}",
        ".detail, .name, .note, .off text": f"fill: {scheme['quiet']}",
        ".namespace rect": f"fill: {scheme['namespace']}; stroke: {scheme['frame']}",
        ".pod rect": f"fill: {scheme['box']}; stroke: {scheme['ink']}",
        ".endpoint rect": f"fill: {scheme['other']}; stroke: {scheme['quiet']}",
        ".core": f"stroke: {scheme['canvas']}",
        ".line": f"stroke: {scheme['ink']}",
        ".head": f"fill: {scheme['ink']}; stroke: {scheme['ink']}",
    }
    for kind in ("environment", "operational", "exception"):
        rules[f".{kind} .line"] = f"stroke: {scheme[kind]}"
        rules[f".{kind} .head"] = f"fill: {scheme[kind]}; stroke: {scheme[kind]}"
        rules[f".{kind} .ports"] = f"fill: {scheme[kind]}"
    rules[".off .line"] = f"stroke: {scheme['quiet']}"
    rules[".off .head"] = f"fill: {scheme['canvas']}; stroke: {scheme['quiet']}"
    rules[".off .ports"] = f"fill: {scheme['quiet']}"
    return "".join(f"{_selectors(names)} {{ {rule}; }}\n" for names, rule in rules.items())


def _selectors(names: str) -> str:
    return ", ".join(f".netmatrix-graph {name.strip()}" for name in names.split(","))
