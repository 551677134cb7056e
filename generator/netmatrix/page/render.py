"""The page's HTML: everything in one file, and nothing in it that a browser may fetch, or run but the script here.

Text of others (labels, reasons, owners) is escaped where it is put in. Were something to slip through all the same, the
page's own Content-Security-Policy lets only the script and the style sheets run whose hashes it names; it forbids event
handlers and style attributes with that.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from netmatrix.page.contents import Contents
from netmatrix.report.wording import printable

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def page(contents: Contents, graph: str = "") -> str:
    """The whole file. `graph` is SVG that is safe to put into a page: its texts are escaped already."""
    style, script = _asset("page.css"), _asset("page.js")
    graph = "\n".join(map(printable, graph.split("\n")))
    styles = [style, *(html.unescape(text) for text in _STYLE.findall(graph))]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=contents,
            graph=Markup(graph),  # noqa: S704 (drawn by this program)
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=_content_security_policy(script, styles),
        )
    )


def _content_security_policy(script: str, styles: list[str]) -> str:
    """Nothing is allowed but what is named (Content Security Policy Level 3, "Hashes for inline scripts")."""
    allowed = " ".join(map(_source, styles))
    return f"default-src 'none'; script-src {_source(script)}; style-src {allowed}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _asset(name: str) -> str:
    return (resources.files("netmatrix.page") / "assets" / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("netmatrix.page"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Text on one line, in which control characters are spelled out: what reverses its direction among them."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(" ".join(value.split()))
