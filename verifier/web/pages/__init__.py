"""The pages: typed views in, HTML out. `render` is the whole door; see `customer`, `agent`, `reviewer`, `auditor`."""

from verifier.web.pages.assets import get_asset, static_url
from verifier.web.pages.language import locales, translator
from verifier.web.pages.rendering import render

__all__ = ["get_asset", "locales", "render", "static_url", "translator"]
