"""A reader of HTML for tests: elements with their attributes and text, as the standard library's parser sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"br", "input", "link", "meta", "img", "hr"}


@dataclass
class Element:
    """An element; `parts` are texts and elements, in order."""

    tag: str
    attributes: dict[str, str]
    parts: list[str | Element] = field(default_factory=list)

    def text(self) -> str:
        """All text in it, runs of white space as one space."""
        return " ".join("".join(self._texts()).split())

    def raw(self) -> str:
        """The text of an element that holds nothing else, such as a script."""
        assert all(isinstance(part, str) for part in self.parts)
        return "".join(part for part in self.parts if isinstance(part, str))

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The elements in it with that tag and these attributes, in order; `class_` is one of the classes."""
        return [item for item in self._below() if item._is(tag, attributes)]

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only one."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        wanted = dict(attributes)
        class_ = wanted.pop("class_", None)
        if class_ is not None and class_ not in self.attributes.get("class", "").split():
            return False
        pairs = ((name.replace("_", "-"), value) for name, value in wanted.items())
        return tag in ("", self.tag) and all(self.attributes.get(name) == value for name, value in pairs)

    def _below(self) -> Iterator[Element]:
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part._below()

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()
                yield "" if part.tag in ("b", "small", "code", "a", "em", "strong") else " "


def read(text: str) -> Element:
    """The whole document. Fails where an element is closed that is not open."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, [item.tag for item in reader.open]
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)
