"""Sets the stack's installation up: buckets with their rights, the database with its users, the house itself.

Guarantees: the customers' tier may put documents away and not look at them, in the store's own rules; each part is a
user of the database, with the rights of `verifier roles` and no more.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from psycopg.sql import SQL, Identifier, Literal

from scripts.stack.parts import DOCUMENTS, KEYS, OWNER
from tests.servers.postgres import Postgres
from tests.servers.radosgw import add_user
from tests.servers.store import Store
from verifier.vault.aws import Access, open_s3
from verifier.wiring.parts import Part

_DATABASE_OWNER: Final = "verifier"
_DATABASE: Final = "verifier"
_RULES: Final = Path(__file__).resolve().parents[2] / "deploy" / "s3"
_COMMANDS_AT_ONCE: Final = 4


def make_buckets(store: Store) -> Mapping[str, Path]:
    """Two buckets, each with an owner of its own, and a user of its own for each part; the credentials of all."""
    rules = {bucket: _load_rules(bucket) for bucket in (DOCUMENTS, KEYS)}
    users = [name for bucket in rules for who in (OWNER, *Part) if (name := f"{bucket}-{who}") in json.dumps(rules)]
    with ThreadPoolExecutor(_COMMANDS_AT_ONCE) as pool:
        credentials = dict(zip(users, pool.map(partial(add_user, store), users), strict=True))
    for bucket, rule in rules.items():
        file = credentials[f"{bucket}-{OWNER}"]
        client = open_s3(Access(f"VERIFIER_{bucket.upper()}", endpoint=store.url, credentials_file=file))
        client.create_bucket(Bucket=bucket)
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(rule))
    return credentials


def _load_rules(bucket: str) -> dict[str, Any]:
    """The rules that we ship, with the names of our users, and what Ceph needs beside them."""
    text = (_RULES / f"{bucket}.json").read_text(encoding="utf-8")
    named = text.replace("iam::ACCOUNT:user/verifier-", f"iam:::user/{bucket}-").replace("BUCKET", bucket)
    rules: dict[str, Any] = json.loads(named)
    rules["Statement"].append(_allow_owner(bucket))
    if bucket == DOCUMENTS:
        rules["Statement"].append(_deny_customer(bucket))
    return rules


def _allow_owner(bucket: str) -> dict[str, Any]:
    """Who put an object owns it there, even in the bucket of another."""
    return _say(f"{bucket}-{OWNER}", "Allow", ["s3:*"], [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])


def _deny_customer(bucket: str) -> dict[str, Any]:
    """So it must be said that the customers' tier may not do with its objects what owners may."""
    actions = ["s3:GetObject*", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject*"]
    return _say(f"{bucket}-{Part.CUSTOMER}", "Deny", actions, [f"arn:aws:s3:::{bucket}/ins_*"])


def _say(user: str, effect: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    principal = {"AWS": [f"arn:aws:iam:::user/{user}"]}
    return {"Effect": effect, "Principal": principal, "Action": actions, "Resource": resources}


def make_database(server: Postgres) -> Mapping[str, str]:
    """A database, its owner, who is no superuser, and a user for each part; all have the server's password."""
    with server.connect() as connection:
        owner, password = Identifier(_DATABASE_OWNER), Literal(server.password)
        connection.execute(SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(owner, password))
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0 OWNER {}").format(Identifier(_DATABASE), owner))
    users = {OWNER: _DATABASE_OWNER} | {part.value: _login(part) for part in Part}
    return {who: f"postgresql://{user}@127.0.0.1:{server.port}/{_DATABASE}" for who, user in users.items()}


def make_users(server: Postgres) -> str:
    """A user for each role that `verifier roles` made."""
    with server.connect() as connection:
        for part in Part:
            made = SQL("CREATE USER {} PASSWORD {} IN ROLE {}")
            user, role = Identifier(_login(part)), Identifier(f"verifier_{part}")
            connection.execute(made.format(user, Literal(server.password), role))
            connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(_DATABASE), user))
    return f"one role and one user each: {', '.join(Part)}"


def _login(part: Part) -> str:
    return f"verifier_{part}_login"
