"""Bodies, strings and file names that others wrote, at the doors: never a 5xx, and back exactly as they went in.

By default every third of the long lists; in `soak` all of them.
"""

import json
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import yaml

from policies.access import Role
from tests.journey import HTML, JSON, Customer, Desk, make_jpeg
from verifier.evidence.errors import MalformedMultipartError
from verifier.evidence.multipart import UploadForm
from verifier.ids import VerificationId
from verifier.settings import Settings
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import lock_verification, move
from verifier.verifications.sealed_values import open_values
from verifier.wiring import House

pytestmark = pytest.mark.cases

_SLOT = "diploma.all_pages"
_FIELDS = ("full_name", "former_name", "qualification", "awarded_by", "awarded_on")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody counts these requests."""
    names = ("requests_a_minute_per_key", "requests_a_minute_per_network", "requests_a_minute_per_link")
    return settings.model_copy(update=dict.fromkeys(names, 999_999))


def code_of(answer: httpx2.Response) -> str:
    """The code of a refusal, "" for none; a 5xx is our fault, whatever came."""
    assert answer.status_code < 500, answer.text
    return str(answer.json()["code"]) if answer.status_code >= 400 else ""


# --- multipart_http: python-multipart's own cases, with a slot of ours for the name of their first field.


def _read_http_cases(folder: Path) -> Iterator[tuple[str, bytes, str, Any]]:
    for path in sorted(folder.glob("*.http")):
        verdict = yaml.safe_load(path.with_suffix(".yaml").read_text())
        body = path.read_bytes()
        for theirs, ours in ((b'"field"', b'"slot"'), (b'"field1"', b'"slot"'), (b'"field2"', b'"replaces"')):
            body = body.replace(theirs, ours)
        boundary = verdict["boundary"]
        if body.startswith(boundary.encode() + b"\r\n"):
            boundary = boundary.removeprefix("--")  # one of the files names its delimiter where its boundary belongs
        yield path.stem, body, boundary, verdict["expected"]


def test_multipart_bodies_get_the_verdict_that_their_authors_expect(
    desk: Desk, cases_dir: Path, subtests: pytest.Subtests
) -> None:
    customer = desk.customer(desk.request())
    tried = 0
    for name, body, boundary, expected in _read_http_cases(cases_dir / "multipart_http"):
        with subtests.test(name):
            tried += 1
            answer = customer.client.post(
                f"/verification/{customer.verification}/documents",
                content=body,
                headers=JSON | {"content-type": f'multipart/form-data; boundary="{boundary}"'},
            )
            assert code_of(answer) == _expected_code(expected)
            if isinstance(expected, list) and len(expected) < 3:
                _fields_are_theirs(body, boundary, expected)
    assert tried == 14


def _expected_code(expected: Any) -> str:
    """What a well-formed body means to us: it lacks the file, or brings one without a slot, or a field of nobody."""
    if isinstance(expected, dict):
        return "malformed_multipart"
    kinds = [part["type"] for part in expected]
    if len(kinds) > 2:
        return "malformed_multipart"  # well-formed, and with fields that an upload does not have
    if "file" in kinds:
        return "unknown_slot" if kinds[0] == "field" else "file_before_slot"
    return "missing_file"


def _fields_are_theirs(body: bytes, boundary: str, expected: list[dict[str, Any]]) -> None:
    form = UploadForm(boundary.encode())
    fields = [part["data"] for part in expected if part["type"] == "field"]
    if fields or not expected:
        form.feed(body)
        assert form.is_complete
        assert [value.encode("utf-8") for value in form.fields.values()] == fields
        assert [b"".join(form.take_file())] == [part["data"] for part in expected if part["type"] == "file"] or [b""]


def test_fuzzed_bodies_are_refused_in_words(desk: Desk, cases_dir: Path) -> None:
    customer = desk.customer(desk.request())
    for path in sorted((cases_dir / "multipart_http").glob("fuzz__*")):
        for boundary in ("boundary", "--boundary", "x"):
            answer = customer.client.post(
                f"/verification/{customer.verification}/documents",
                content=path.read_bytes(),
                headers=JSON | {"content-type": f"multipart/form-data; boundary={boundary}"},
            )
            assert code_of(answer) in {"malformed_multipart", "upload_cut", "missing_file"}


def test_a_multipart_body_cut_anywhere_is_never_whole(cases_dir: Path) -> None:
    """The parser of ours by itself, at every cut and in steps of every size: no error but its own, and no early end."""
    for _, body, boundary, expected in _read_http_cases(cases_dir / "multipart_http"):
        if not isinstance(expected, list) or len(expected) > 2 or expected[:1] == [] or expected[0]["type"] == "file":
            continue
        for end in range(len(body) - 4):
            form = UploadForm(boundary.encode())
            form.feed(body[:end])
            assert not form.is_complete
        for step in (1, 2, 7):
            form = UploadForm(boundary.encode())
            for at in range(0, len(body), step):
                form.feed(body[at : at + step])
            assert form.is_complete
    with pytest.raises(MalformedMultipartError):
        UploadForm(b"x").feed(b"hello")


# --- json_suite. Ours takes one object with each name once (RFC 8259, section 4, calls doubled names unpredictable),
# so two of the files that a parser "must accept" are refused; every other `y_` is read, alone or as a value.

_DOUBLED = {"test_parsing__y_object_duplicated_key.json", "test_parsing__y_object_duplicated_key_and_value.json"}


def _post_json(desk: Desk, body: bytes) -> str:
    typed = desk.headers | {"content-type": "application/json"}
    answer = desk.client.post("/v1/verifications", content=body, headers=typed)
    assert answer.status_code in {400, 413, 422}, answer.text
    return code_of(answer)


def test_json_is_read_as_strictly_as_the_suite_says(desk: Desk, cases_dir: Path, subtests: pytest.Subtests) -> None:
    kinds = {"y": 0, "n": 0, "i": 0}
    for path in sorted((cases_dir / "json_suite").glob("*.json")):
        body, kind = path.read_bytes(), path.name.removeprefix("test_parsing__")[0]
        kinds[kind] += 1
        with subtests.test(path.name):
            code, as_value = _post_json(desk, body), _post_json(desk, b'{"reference": ' + body + b"}")
            if kind == "n":
                assert code in {"malformed_json", "too_large"}
            elif path.name in _DOUBLED:
                assert code == as_value == "malformed_json"
            elif kind == "y":
                is_object = isinstance(json.loads(body), dict)
                assert (code != "malformed_json") == is_object
                assert as_value == "invalid_field"
    assert min(kinds.values()) >= 10


# --- naughty_strings


_STEPS = [pytest.param(3, id="every third"), pytest.param(1, id="all", marks=pytest.mark.soak)]


@pytest.fixture(params=_STEPS)
def naughty(cases_dir: Path, request: pytest.FixtureRequest) -> list[str]:
    return list(json.loads((cases_dir / "naughty_strings" / "blns.json").read_text()))[:: request.param]


def test_naughty_strings_are_no_reference_policy_or_language(desk: Desk, naughty: list[str]) -> None:
    good = {"reference": "CASE-1", "policy": "qualification-check", "locale": "en"}
    taken = 0
    for text in naughty:
        for name, codes in (
            ("reference", {"", "invalid_reference", "reference_looks_like_address", "invalid_field"}),
            ("policy", {"unknown_policy", "invalid_field"}),
            ("locale", {"", "unknown_locale", "invalid_field"}),
        ):
            answer = desk.client.post("/v1/verifications", json=good | {name: text}, headers=desk.headers)
            assert code_of(answer) in codes, (name, text)
            if answer.status_code < 300:
                assert answer.json()["reference"] == (text if name == "reference" else "CASE-1")
                assert answer.json()["locale"] in {"en", None}, "what only looks like a language is not kept"
                taken += name == "reference"
                assert desk.post(answer.json()["id"], "cancel").status_code == 200
    assert 0 < taken < len(naughty) / 3, "plain words and numbers may well be case numbers"


def test_naughty_strings_in_addresses_and_headers_find_nothing(desk: Desk, naughty: list[str]) -> None:
    for text in naughty:
        for name in ("cursor", "reference", "status"):
            answer = desk.client.get("/v1/verifications", params={name: text}, headers=desk.headers)
            assert code_of(answer) in {"", "invalid_cursor", "invalid_field"}, (name, text)
            assert answer.json().get("verifications", []) == []
        quoted = quote(text.encode("utf-8", "surrogatepass"), safe="") or "%20"
        for path in (f"/v1/verifications/{quoted}", f"/v/{quoted}", f"/v1/receipts/{quoted}", f"/sign-in/{quoted}"):
            answer = desk.client.get(path, headers=desk.headers | JSON)
            assert answer.status_code < 500, (path, answer.text)


def test_naughty_expected_values_and_notes_come_back_exactly_and_are_never_markup(
    house: House, desk: Desk, naughty: list[str], sign_in: Any
) -> None:
    texts = [text for text in naughty if 0 < len(text) <= 500]
    browser = desk.browser()
    browser.cookies.set("dev-staff", sign_in("Rae", Role.REVIEWER))
    plain = _show(browser, house, desk, dict.fromkeys(_FIELDS, "plain"))
    for number in range(0, len(texts), len(_FIELDS)):
        expected = dict(zip(_FIELDS, texts[number : number + len(_FIELDS)], strict=False))
        note = "\n".join(expected.values())[:2000]
        asked = desk.request(reference=f"CASE-{number}", expected=expected, account=note[:320])
        _hand_in(house, asked["id"])
        reviewer = desk.reviewer()
        reviewer.claim(asked["id"])
        assert reviewer.look(asked["id"]).json()["expected"] == expected
        assert reviewer.decide(asked["id"], "escalate", note=note).status_code == 200
        opened = open_values(house.database, house.vault, asked["id"], prefix="note.")
        assert list(opened.values()) == [note]
        if number % 25 == 0 and len(expected) == len(_FIELDS):
            shown = _show(browser, house, desk, expected)
            assert shown.elements == plain.elements, "what was typed makes no element"
            words = " ".join("".join(shown.text).split())
            assert not [value for value in expected.values() if " ".join(value.split()) not in words]


def _hand_in(house: House, verification: VerificationId) -> None:
    """Submitted without documents, which no door allows: this is about the values beside them."""
    with house.database.write() as session:
        row = lock_verification(session, verification)
        move(session, house.clock.now(session), row, to=VerificationState.SUBMITTED, actor="customer")


class _Shown(HTMLParser):
    """The text of a page, and its elements and their attributes, counted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.elements: Counter[tuple[str, ...]] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[(tag, *(name for name, _ in attrs))] += 1

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _show(browser: httpx2.Client, house: House, desk: Desk, expected: dict[str, str]) -> _Shown:
    """The page on which a reviewer reads the expected values."""
    asked = desk.request(reference="SHOWN", expected=expected)
    _hand_in(house, asked["id"])
    path = f"/review/{asked['id']}"
    token = browser.get(path, headers=HTML).text.partition('name="form_token" value="')[2].partition('"')[0]
    claimed = browser.post(f"{path}/claim", data={"form_token": token}, headers=HTML)
    assert claimed.status_code == 200
    shown = _Shown()
    shown.feed(browser.get(path, headers=HTML).text)
    assert desk.post(asked["id"], "cancel").status_code == 200
    return shown


# --- filename_attacks


def _read_names(folder: Path) -> list[bytes]:
    files = [path for path in sorted(folder.iterdir()) if path.name != "SOURCE.txt"]
    return sorted({line.rstrip(b"\r") for path in files for line in path.read_bytes().split(b"\n") if line.strip()})


def _upload_named(customer: Customer, token: str, disposition: bytes, data: bytes) -> httpx2.Response:
    fields = ((b"form_token", token.encode()), (b"slot", _SLOT.encode()))
    body = b"".join(b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair for pair in fields)
    body += b'--b\r\nContent-Disposition: form-data; name="file"; %s\r\n\r\n%s\r\n--b--\r\n' % (disposition, data)
    return customer.client.post(
        f"/verification/{customer.verification}/documents",
        content=body,
        headers=JSON | {"content-type": "multipart/form-data; boundary=b"},
    )


@pytest.mark.parametrize("step", _STEPS)
def test_file_names_go_nowhere(house: House, desk: Desk, cases_dir: Path, tmp_path: Path, step: int) -> None:
    names = _read_names(cases_dir / "filename_attacks")[::step]
    assert len(names) > 150
    before = {path for path in tmp_path.rglob("*") if path.is_dir()}
    customer = desk.customer(desk.request())
    token = customer.status()["form_token"]
    for name in names:
        for disposition in (b'filename="%s"' % name, b"filename=%s" % name, b"filename*=UTF-8''%s" % name):
            answer = _upload_named(customer, token, disposition, b"no picture")
            assert code_of(answer) in {"unsupported_type", "malformed_multipart", "missing_file"}, disposition
    jpeg = make_jpeg(width=40, height=30)
    for number, name in enumerate(names[:: len(names) // 12]):
        customer = desk.customer(desk.request(reference=f"NAMED-{number}"))
        token = customer.status()["form_token"]
        answer = _upload_named(customer, token, b'filename="%s"' % name, jpeg)
        assert code_of(answer) in {"", "malformed_multipart"}, name
    new = [path for path in tmp_path.rglob("*") if path.is_dir() and path not in before]
    assert all(house.settings.home in path.parents for path in new), "nothing outside of the house"
    house.database.truncate_wal()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in names if len(name) >= 10 and name in stored] == []
