"""Writes `docs/reference/settings.md` from the settings themselves; with `--check`, says what is wrong and fails.

Names, defaults and forms are read from `verifier.settings`; it fails where a setting has no meaning in
`scripts/settings_words.py`, where a meaning has no setting, and where the page is not current.
"""

import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from scripts.pages import find_age, write_or_check
from scripts.settings_words import SECTIONS
from verifier.settings import Settings

PAGE: Final = Path("docs", "reference", "settings.md")
_FORMS: Final = {
    "Path": "a path",
    "str": "text",
    "int": "a whole number",
    "bool": "`true` or `false`",
    "timedelta": "a duration, ISO 8601",
    "tuple": 'a list, such as `["one", "two"]`',
}
_INTRODUCTION: Final = """\
# Settings

Each is an environment variable; an empty one is as one that is not there. Secrets are never in one: a setting whose
name ends in `_FILE` and is about a password or credentials names a file that only this user can read. Credentials are
`{"access_key_id": "…", "secret_access_key": "…"}`. Bytes are bytes; durations are ISO 8601, such as `PT20S`.

Every setting that would break a promise is refused at start, with its name, what is wrong and what to write instead.

This page is written by `scripts/settings_reference.py`. Change `verifier/settings.py` and `scripts/settings_words.py`,
then run it.
"""


_BY_NAME: Final = {"_url": "an address", "_endpoint": "an address", "_bucket": "a bucket's name", "host": "a host"}


def _form(name: str, field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{word}`" if word else "empty" for word in get_args(annotation))
    kind = _FORMS[getattr(get_origin(annotation) or annotation, "__name__", "")]
    form = next((form for end, form in _BY_NAME.items() if name.endswith(end)), kind)
    return ", ".join([form, *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most")):
            if hasattr(limit, name):
                yield f"{words} {_value(getattr(limit, name))}"
        if hasattr(limit, "max_length"):
            yield f"at most {limit.max_length} characters"


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return str(to_jsonable_python(value)) if value else "nothing"
    return str(value)


def _default(field: FieldInfo) -> str:
    if field.default in (None, "", ()):
        return "–"
    shown = to_jsonable_python(field.default)
    return f"`{str(shown).lower() if isinstance(shown, bool) else shown}`"


def page() -> str:
    """The reference page as the settings are now."""
    lines = [_INTRODUCTION]
    for title, rows in SECTIONS.items():
        lines += [f"## {title}", "", "| Setting | Meaning | Default | Form |", "|---|---|---|---|"]
        for name, meaning in rows.items():
            field = Settings.model_fields.get(name)
            if field is not None:
                form = _form(name, field).replace("|", "\\|")
                lines.append(f"| `VERIFIER_{name.upper()}` | {meaning} | {_default(field)} | {form} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def complaints(root: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    told = [name for rows in SECTIONS.values() for name in rows]
    found = [f"VERIFIER_{name.upper()} has no meaning in scripts/settings_words.py."
             for name in Settings.model_fields if name not in told]  # fmt: skip
    found += [f"scripts/settings_words.py tells of {name!r}, which is no setting."
              for name in told if name not in Settings.model_fields]  # fmt: skip
    found += [f"scripts/settings_words.py tells of {name!r} twice." for name in set(told) if told.count(name) > 1]
    return found + find_age(root, PAGE, page(), script="scripts.settings_reference")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page, complaints))
