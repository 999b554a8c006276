"""What holds for every page in every state: safe under the strict policy, and usable with nothing but HTML."""

import dataclasses
import gzip
import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.browser.held_samples import HELD_CUSTOMER, HELD_STAFF
from tests.browser.markup import Element, Markup
from tests.browser.page_samples import CUSTOMER, RECEIPT
from tests.browser.staff_samples import STAFF
from verifier.locales import UnknownLocaleError
from verifier.web import pages
from verifier.web.pages import get_asset, render, static_url
from verifier.web.pages.assets import STATIC_DIR
from verifier.web.pages.common import View
from verifier.web.pages.errors import UnknownAssetError

ALL: Final[Mapping[str, View]] = {**CUSTOMER, **STAFF, **HELD_CUSTOMER, **HELD_STAFF}
every_page = pytest.mark.parametrize("name", ALL)
HOSTILE: Final = "'\"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }}"


def hostile(value: Any) -> Any:
    """The same facts, with every free text made hostile. Closed words stay: they are ours."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: hostile(getattr(value, each.name)) for each in dataclasses.fields(value) if each.init}
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(hostile(each) for each in value)
    if isinstance(value, Mapping):
        return {key: hostile(each) for key, each in value.items()}
    return HOSTILE if type(value) is str else value


def test_every_view_has_a_sample_so_that_no_page_goes_unseen() -> None:
    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"verifier.web.pages.{module.name}")
    known = {each for each in _subclasses(View) if each.__module__.startswith("verifier.")}
    # dataclass(slots=True) leaves its first, slotless class behind: only the named ones count.
    assert {each.__name__ for each in known} == {type(view).__name__ for view in ALL.values()}


def _subclasses(base: type[View]) -> set[type[View]]:
    return {each for child in base.__subclasses__() for each in {child, *_subclasses(child)}}


@every_page
def test_a_page_has_nothing_that_the_strict_policy_forbids(name: str) -> None:
    markup = Markup(render(ALL[name]))
    for element in markup.elements:
        assert "style" not in element.attributes, element
        assert not [each for each in element.attributes if each.startswith("on")], element
        assert element.name not in {"style", "iframe", "object", "embed", "base"}
    for script in markup.all("script"):
        assert script.attributes["src"].startswith("/static/")
        assert not script.text
    for sheet in markup.all("link") + markup.all("img"):
        assert (sheet.attributes.get("href") or sheet.attributes["src"]).startswith("/")


@every_page
def test_hostile_text_stays_text(name: str) -> None:
    markup = Markup(render(hostile(ALL[name])))
    assert not [each for each in markup.elements if "onerror" in each.attributes]
    assert not [each for each in markup.all("script") if not each.attributes.get("src", "").startswith("/static/")]
    assert "49" not in " ".join(text for _, text in markup.texts)


@every_page
def test_every_form_that_posts_carries_the_form_token(name: str) -> None:
    markup = Markup(render(ALL[name]))
    forms = [each for each in markup.all("form") if each.attributes.get("method") == "post"]
    tokens = [each for each in markup.all("input") if each.attributes.get("name") == "form_token"]
    for form in forms:
        (token,) = [each for each in tokens if any(around is form for around in each.path)]
        assert token.attributes["type"] == "hidden"
        assert token.attributes["value"]
    assert len(tokens) == len(forms)


@every_page
def test_an_upload_form_names_its_slot_before_its_file(name: str) -> None:
    markup = Markup(render(ALL[name]))
    for form in (each for each in markup.all("form") if "enctype" in each.attributes):
        fields = [each.attributes["name"] for each in markup.all("input") if any(up is form for up in each.path)]
        assert fields in (["form_token", "slot", "file"], ["form_token", "slot", "replaces", "file"])


@every_page
def test_a_page_has_one_heading_a_language_a_skip_link_and_unique_ids(name: str) -> None:
    markup = Markup(render(ALL[name]))
    assert len(markup.all("h1")) == 1
    assert markup.one("html").attributes["lang"] == "en"
    ids = [each.attributes["id"] for each in markup.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    assert next(each for each in markup.all("a")).attributes["href"] == "#main"
    assert markup.one("main").attributes["id"] == "main"


@every_page
def test_every_reference_within_a_page_leads_somewhere(name: str) -> None:
    markup = Markup(render(ALL[name]))
    ids = {each.attributes["id"] for each in markup.elements if "id" in each.attributes}
    for element in markup.elements:
        named = [element.attributes[each] for each in ("for", "data-copy", "data-open") if each in element.attributes]
        for several in ("aria-describedby", "aria-labelledby"):
            named += element.attributes.get(several, "").split()
        target = element.attributes.get("href", "")
        assert set(named + ([target[1:]] if target.startswith("#") else [])) <= ids, element


@every_page
def test_every_field_has_a_label(name: str) -> None:
    markup = Markup(render(ALL[name]))
    labelled = {each.attributes["for"] for each in markup.all("label") if "for" in each.attributes}
    for field in markup.all("input") + markup.all("select") + markup.all("textarea"):
        if field.attributes.get("type") == "hidden":
            continue
        assert field.is_within("label") or field.attributes["id"] in labelled, field


@every_page
def test_the_title_says_that_there_is_an_error_and_nothing_personal(name: str) -> None:
    view = ALL[name]
    title = Markup(render(view)).one("title").text
    assert title.startswith("Error: ") == bool(view.errors)
    assert not re.search(r"NB-2026|ada|amber heron|ver_|doc_", title, re.IGNORECASE)


def test_an_error_is_said_at_the_top_and_again_at_its_field() -> None:
    for view in (each for each in ALL.values() if each.errors):
        markup = Markup(render(view))
        (summary,) = [each for each in markup.elements if each.attributes.get("class") == "errors"]
        for error in view.errors:
            assert error.sentence in summary.text
            assert [each for each in _field_errors(markup) if error.sentence in each.text], error


def _field_errors(markup: Markup) -> list[Element]:
    return [each for each in markup.all("p") if "field-error" in each.attributes.get("class", "").split()]


def test_what_was_typed_is_kept_after_an_error() -> None:
    values = [each.attributes.get("value") for each in Markup(render(STAFF["new-errors"])).all("input")]
    assert "ada@example.org" in values
    assert "Ada Example" in values
    review = Markup(render(STAFF["review-errors"]))
    chosen = [each.attributes.get("value") for each in review.all("input") if "checked" in each.attributes]
    assert "reject" in chosen


def test_a_busy_page_without_scripts_offers_to_look_again_and_never_reloads_by_itself() -> None:
    for name, is_busy in (("task-checking", True), ("task-receiving", True), ("task-ready", False)):
        page = Markup(render(CUSTOMER[name]))
        assert not [each for each in page.all("meta") if "http-equiv" in each.attributes]
        offers = [each for each in page.all("a") if each.text.startswith("Look again")]
        assert bool(offers) == is_busy
        assert all(each.is_within("noscript") for each in offers)


def test_pages_of_documents_are_shown_only_to_the_holder_of_the_claim() -> None:
    for name, view in STAFF.items():
        pictures = Markup(render(view)).all("img")
        assert bool(pictures) == (
            name in {"review", "review-checks", "review-details", "review-second", "review-errors"}
        )


@pytest.mark.parametrize("name", CUSTOMER)
def test_a_customer_page_stays_under_thirty_kilobytes_with_all_that_it_loads(name: str) -> None:
    html = render(CUSTOMER[name])
    loaded = re.findall(r'(?:src|href)="/static/([^?"]+)', html)
    total = len(html.encode()) + sum(len(get_asset(each).zipped) for each in loaded)
    assert total <= 30_000


def test_a_static_file_is_found_by_name_only_and_its_address_changes_with_its_content() -> None:
    asset = get_asset("pages.css")
    assert static_url("pages.css") == f"/static/pages.css?v={asset.digest}"
    assert gzip.decompress(asset.zipped) == asset.plain
    assert asset.headers(accept_encoding="gzip, br")["Content-Encoding"] == "gzip"
    assert asset.body(accept_encoding="identity") == asset.plain
    for name in ("../pages/common.py", "", "pages.css/", "%2e%2e/pages.css"):
        with pytest.raises(UnknownAssetError):
            get_asset(name)


def test_static_files_load_nothing_from_elsewhere() -> None:
    for path in STATIC_DIR.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(|eval\(|innerHTML|insertAdjacentHTML|document\.write", text), path


def test_a_language_that_we_do_not_speak_is_refused() -> None:
    for locale in ("tlh", "", "../en", "en_GB"):
        with pytest.raises(UnknownLocaleError):
            render(RECEIPT, locale=locale)
