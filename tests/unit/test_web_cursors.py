"""Cursors: what comes back is what went in, and nothing else is taken."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier import ids
from verifier.db.base import EPOCH
from verifier.web.cursors import encode_cursor, parse_cursor
from verifier.web.errors import InvalidCursorError

AT = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@given(
    st.integers(0, (LAST - EPOCH) // timedelta(microseconds=1)), st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
)
def test_a_cursor_comes_back_as_it_went_in(microseconds: int, name: str) -> None:
    at = EPOCH + timedelta(microseconds=microseconds)
    assert parse_cursor("stored", encode_cursor("stored", at, name)) == (at, name)


@given(st.text(max_size=250))
def test_no_text_raises_anything_but_the_cursor_s_error(text: str) -> None:
    try:
        at, name = parse_cursor("stored", text)
    except InvalidCursorError:
        return
    assert encode_cursor("stored", at, name) == text


@given(st.binary(max_size=120))
def test_no_decoded_bytes_raise_anything_but_the_cursor_s_error(content: bytes) -> None:
    text = base64.urlsafe_b64encode(b"stored " + content).decode().rstrip("=")
    try:
        at, name = parse_cursor("stored", text)
    except InvalidCursorError:
        return
    assert encode_cursor("stored", at, name) == text


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor("stored", AT, ids.new_document_id())
    with pytest.raises(InvalidCursorError):
        parse_cursor("verifications", cursor)


def test_a_cursor_has_one_form_only() -> None:
    # Its last letter's bits all count: without them, it would be the one form of a shorter name's cursor.
    cursor = encode_cursor("stored", AT, "doc_" + "z" * 26)
    for other in (cursor + "=", cursor + "\n", " " + cursor, cursor[:-1], cursor + "A", ""):
        with pytest.raises(InvalidCursorError):
            parse_cursor("stored", other)


@pytest.mark.parametrize(
    "content", ["stored 01 a", "stored -1 a", "stored 999999999999999999 a", "stored 1", "stored 1 ", "stored 1 a b"]
)
def test_what_we_never_write_is_refused(content: str) -> None:
    with pytest.raises(InvalidCursorError):
        parse_cursor("stored", base64.urlsafe_b64encode(content.encode()).decode().rstrip("="))
