"""4 MB JPEGs uploaded, sealed, synced: MB/s beside the usual FastAPI endpoint, and beside one that only drains.

Run as `python -m benchmarks.uploads [ROUNDS]`. The three servers take turns in one run; medians are compared. The
processor time of each server is told too: it varies less than the wall clock on a busy machine.
"""

import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.checking import make_photo
from benchmarks.processors import read_cpu_seconds
from benchmarks.uploading import (
    make_request,
    open_prepared_house,
    prepare_uploads,
    run_server,
    send_all,
)

_REQUESTS = 48
_CONNECTIONS = 8
_BYTES = 4_000_000


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    photo = make_photo()
    photo = (photo + bytes(_BYTES))[:_BYTES]
    speeds: dict[str, list[float]] = {"ours": [], "usual": [], "drain": []}
    costs: dict[str, list[float]] = {"ours": [], "usual": [], "drain": []}
    with tempfile.TemporaryDirectory() as text, ExitStack() as servers:
        folder = Path(text)
        house = open_prepared_house(folder)
        running = {name: servers.enter_context(run_server(name, folder)) for name in speeds}
        for _ in range(rounds):
            for name, found in speeds.items():
                requests = (
                    prepare_uploads(house, photo, count=_REQUESTS)
                    if name == "ours"
                    else [make_request("/upload", {}, photo)] * _REQUESTS
                )
                port, pid = running[name]
                cpu_before = read_cpu_seconds(pid)
                seconds = send_all(port, requests, connections=_CONNECTIONS)
                costs[name].append((read_cpu_seconds(pid) - cpu_before) / _REQUESTS * 1000)
                found.append(_REQUESTS * _BYTES / 1e6 / seconds)
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    for name, median in medians.items():
        cost = statistics.median(costs[name])
        print(f"{name:6} {median:6.0f} MB/s, {cost:5.1f} ms of processor a file ({rounds} rounds of {_REQUESTS})")
    print(f"ours beside the usual endpoint: {medians['ours'] / medians['usual']:.2f}×")
    print(f"ours beside draining only: {medians['ours'] / medians['drain']:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
