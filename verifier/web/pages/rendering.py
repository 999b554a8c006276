"""`render`: one view, one template, one language.

Guarantees: everything is escaped; a name that is not there is an error, never an empty string; no page needs an
inline style or script, so the strict policy of the routes holds. Nothing is loaded before the first page.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from verifier.web.pages import words
from verifier.web.pages.common import View
from verifier.web.pages.formats import Formats
from verifier.web.pages.language import direction, load_sentences

_WEB: Final = Path(__file__).resolve().parents[1]
TEMPLATES_DIR: Final = _WEB / "templates"
STATIC_DIR: Final = _WEB / "static"


@lru_cache(maxsize=64)
def static_url(name: str) -> str:
    """The address of a static file, with its digest: it may be cached for ever, and a new version is a new address."""
    digest = hashlib.sha256((STATIC_DIR / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@lru_cache(maxsize=32)
def _environment(locale: str) -> Environment:
    sentences = load_sentences(locale)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(sentences, newstyle=True)  # type: ignore[attr-defined]
    formats = Formats(locale, sentences)
    environment.filters.update(
        when=formats.when,
        day=formats.day,
        span=formats.span,
        size=formats.size,
        listed=formats.listed,
        word=lambda code, group: sentences.gettext(words.say(group, code)),
    )
    environment.globals.update(lang=locale, direction=direction(locale), static_url=static_url)
    return environment


def render(view: View, *, locale: str = "en") -> str:
    """The page of `view` as HTML. Raises `UnknownLocaleError` for a language that we do not speak."""
    return _environment(locale).get_template(view.template).render(view=view)
