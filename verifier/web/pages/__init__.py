"""The pages: typed views in, HTML out. `render` is the whole door; see `customer`, `agent`, `reviewer`, `auditor`."""

from verifier.web.pages.language import locales, translator
from verifier.web.pages.rendering import render, static_url

__all__ = ["locales", "render", "static_url", "translator"]
