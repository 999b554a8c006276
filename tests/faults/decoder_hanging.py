"""The program of a decoder whose every child hangs, as long as it is let."""

from verifier.sanitise.parent import serve
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Request, receive_sheet


def hang(_document: bytes, _request: Request, sheets: Sheets) -> None:
    receive_sheet(sheets._channel)  # which never comes


if __name__ == "__main__":
    serve(hang)
