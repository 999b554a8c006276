"""`render`: one view, one template, one language.

Guarantees: everything is escaped; a name that is not there is an error, never an empty string; no page needs an
inline style or script, so the strict policy of the routes holds. Nothing is loaded before the first page.
"""

from dataclasses import replace
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from verifier.locales import name_desk
from verifier.web.pages import words
from verifier.web.pages.assets import STATIC_DIR, static_url
from verifier.web.pages.common import CustomerShell, View
from verifier.web.pages.formats import Formats
from verifier.web.pages.language import direction, language_names, load_sentences

__all__ = ["STATIC_DIR", "TEMPLATES_DIR", "make_environment", "render"]

TEMPLATES_DIR: Final = Path(__file__).resolve().parents[1] / "templates"


def make_environment(locale: str, sentences: NullTranslations) -> Environment:
    """The templates in one language; `sentences` is apart so that a test can speak one of its own."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(sentences, newstyle=True)  # type: ignore[attr-defined]
    formats = Formats(locale)
    environment.filters.update(
        when=formats.when,
        stamp=formats.stamp,
        clock=formats.clock,
        day=formats.day,
        span=formats.span,
        days=formats.days,
        size=formats.size,
        listed=formats.listed,
        word=lambda code, group: sentences.gettext(words.say(group, code)),
    )
    environment.globals.update(
        lang=locale, direction=direction(locale), languages=language_names(), static_url=static_url, here=""
    )
    return environment


@lru_cache(maxsize=32)
def _environment(locale: str) -> Environment:
    return make_environment(locale, load_sentences(locale))


def render(view: View, *, locale: str = "en", here: str = "") -> str:
    """The page of `view` as HTML. `here`: its own address, for the links that show it in another language.

    Raises `UnknownLocaleError` for a language that we do not speak.
    """
    return _environment(locale).get_template(view.template).render(view=_with_desk(view, locale), here=here)


def _with_desk(view: View, locale: str) -> View:
    shell = getattr(view, "shell", None)
    if not isinstance(shell, CustomerShell):
        return view
    return replace(view, shell=replace(shell, desk=name_desk(shell.desk, locale=locale)))  # type: ignore[call-arg]
