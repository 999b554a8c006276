"""50 uploads of 20 MB at once: by how much the web process grows.

Run as `python -m benchmarks.memory`. Beside it, in the same run: the usual FastAPI endpoint under the same load.
"""

import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from benchmarks.uploading import make_request, open_prepared_house, prepare_uploads, run_server, send_all

_UPLOADS = 50
_BYTES = 19_990_000
_JPEG = b"\xff\xd8\xff\xe0"


def read_resident_kb(pid: int) -> int:
    """Resident memory (proc(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Watch:
    """Keeps the highest resident size that a process had while it was watched."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self.begun_kb = read_resident_kb(pid)
        self.highest_kb = self.begun_kb
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self.highest_kb = max(self.highest_kb, read_resident_kb(self._pid))

    @property
    def growth_mb(self) -> float:
        return (self.highest_kb - self.begun_kb) / 1000


def main() -> int:
    file = _JPEG + bytes(_BYTES)
    with tempfile.TemporaryDirectory() as text, ExitStack() as servers:
        folder = Path(text)
        house = open_prepared_house(folder)
        for name in ("ours", "usual"):
            port, pid = servers.enter_context(run_server(name, folder))
            small = _JPEG + bytes(100_000)
            if name == "ours":
                send_all(port, prepare_uploads(house, small, count=2), connections=1)
                requests = prepare_uploads(house, file, count=_UPLOADS)
            else:
                send_all(port, [make_request("/upload", {}, small)] * 2, connections=1)
                requests = [make_request("/upload", {}, file)] * _UPLOADS
            with Watch(pid) as watch:
                seconds = send_all(port, requests, connections=_UPLOADS)
            print(f"{name:6} grew by {watch.growth_mb:6.1f} MB during {_UPLOADS} × 20 MB at once ({seconds:.1f} s)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
