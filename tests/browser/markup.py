"""A page as the tests look at it: its elements in order, and its visible text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


@dataclass
class Element:
    """One element. `path`: itself and the elements around it, outermost first."""

    name: str
    attributes: dict[str, str]
    path: list["Element"] = field(default_factory=list, repr=False)
    text: str = ""

    def is_within(self, name: str) -> bool:
        return any(each.name == name for each in self.path)


class Markup(HTMLParser):
    """Parses strictly enough to notice an element that was never closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.texts: list[tuple[list[Element], str]] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {[each.name for each in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        element.path = [*self._open, element]
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        last = self._open.pop()
        assert last.name == tag, f"</{tag}> closes <{last.name}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data
        if data.strip():
            self.texts.append((list(self._open), data.strip()))

    def all(self, name: str) -> list[Element]:
        return [each for each in self.elements if each.name == name]

    def one(self, name: str) -> Element:
        (found,) = self.all(name)
        return found
