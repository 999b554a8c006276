"""The servers that the upload benchmark compares, each its own process: `python -m benchmarks.servers NAME PORT`.

`ours` is the product's web process without a worker. `usual` is what a careful developer would write with FastAPI
alone: an `UploadFile`, AES-GCM, a file, fsync. `drain` reads the body and drops it: the ceiling of the HTTP stack.
"""

import gc
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Request, UploadFile  # noqa: TID251 -- the thing that we compare with

from verifier.app import create_app
from verifier.settings import load_settings
from verifier.telemetry import configure_logs
from verifier.wiring import open_house


def make_usual() -> FastAPI:
    app = FastAPI()
    folder = Path(tempfile.mkdtemp(dir=os.environ["BENCH_FOLDER"]))
    key = AESGCM(AESGCM.generate_key(256))

    @app.post("/upload", status_code=201)
    def upload(file: UploadFile) -> dict[str, str]:
        name = secrets.token_hex(16)
        nonce = secrets.token_bytes(12)
        with (folder / name).open("xb") as out:
            out.write(nonce + key.encrypt(nonce, file.file.read(), None))
            out.flush()
            os.fsync(out.fileno())
        return {"id": name}

    return app


def make_drain() -> FastAPI:
    app = FastAPI()

    @app.post("/upload", status_code=201)
    async def upload(request: Request) -> dict[str, int]:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        return {"size": size}

    return app


def make_ours() -> FastAPI:
    app = create_app(open_house(load_settings()))
    gc.collect()
    gc.freeze()  # as `verifier serve` does
    return app


def main() -> None:
    with Path(os.devnull).open("w") as nowhere:
        configure_logs(stream=nowhere)
        _serve(sys.argv[1], int(sys.argv[2]))


def _serve(name: str, port: int) -> None:
    makers: dict[str, Any] = {"ours": make_ours, "usual": make_usual, "drain": make_drain}
    app = makers[name]()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        lifespan="off",
    )


if __name__ == "__main__":
    main()
