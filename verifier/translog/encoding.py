"""Strict base64 (RFC 4648, section 4): one text per value, so that no byte of a signed text can change unseen."""

import base64
import binascii


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes:
    """Raise `ValueError` unless `text` is the one standard encoding of some bytes, padding and spare bits included."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if encode_base64(data) != text:
        raise ValueError("not the canonical base64 of these bytes")
    return data
