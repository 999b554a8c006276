"""A question about a detail or a picture, as facts: what is asked, and the inputs that take the answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailInput:
    """One input. `name` is posted; `anchor` is its id. `label`: "" where the question itself is the label.

    `inputmode`, `autocomplete`: as HTML has them, "" for none. `lines`: more than 1 makes it a box. `width`: of "",
    "short" (a currency), "tiny" (a day). `value`: what was typed, after an error; never what was sealed.
    """

    name: str
    label: str
    value: str = field(repr=False)
    inputmode: str = ""
    autocomplete: str = "off"
    lines: int = 1
    longest: int
    width: str = ""

    @property
    def anchor(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One detail, or one caption. `name`: "detail.<field>" or "caption.<document>.<slot>".

    `hint`: the policy's words, or "". `example`: what a right answer looks like. `is_given`: one is sealed already, and
    another replaces it. `asked_again`: the reason's sentence when the reviewer asked for it again.
    """

    name: str
    title: str
    hint: str
    example: str
    inputs: tuple[DetailInput, ...]
    is_given: bool
    asked_again: str | None = None

    @property
    def anchor(self) -> str:
        """What a `FieldError.field` names: the first input."""
        return self.inputs[0].anchor
