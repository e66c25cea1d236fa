"""Looks for words in every place where the portal could have kept them, however they are wrapped."""

import base64
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import redis
from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

HEX = re.compile(rb"\\x((?:[0-9a-f]{2}){4,})")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
WALLED: LiteralString = "SELECT oid::regclass::text FROM pg_class WHERE relforcerowsecurity"
TABLES: LiteralString = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@dataclass(frozen=True)
class Found:
    """A word, and the place where it stands."""

    word: str
    place: str


@dataclass
class Words:
    """What is looked for: the words, and what stands for each when it is hashed or hexadecimal."""

    words: tuple[str, ...]
    forms: dict[bytes, str] = field(init=False)
    pattern: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.forms = {}
        for word in self.words:
            self.forms |= dict.fromkeys(_forms(word.lower()), word)
        self.pattern = re.compile(b"|".join(re.escape(form) for form in self.forms))

    def within(self, raw: bytes, *, deep: bool = True) -> set[str]:
        """Which words stand in these bytes, or in what is written there in hex or base64."""
        found = {self.forms[hit] for hit in self.pattern.findall(raw.lower())}
        if deep:
            for inner in _unwrapped(raw):
                found |= self.within(inner, deep=False)
        return found


def _forms(word: str) -> Iterator[bytes]:
    # Counters of failed sign-ins stand under a hash of the host and the address.
    for said in (word, *(f"{host}:{word}" for host in settings.ALLOWED_HOSTS)):
        yield sha256(said.encode()).hexdigest().encode()
    for part in {word, word.partition("@")[0]}:
        yield part.encode()
        yield part.encode().hex().encode()
        yield part.encode("utf-16-le")


def _unwrapped(raw: bytes) -> Iterator[bytes]:
    for hit in HEX.finditer(raw):
        yield bytes.fromhex(hit[1].decode())
    for hit in BASE64.finditer(raw):
        text = hit[0].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        with suppress(ValueError):
            opened = base64.b64decode(text + b"=" * (-len(text) % 4))
            yield opened
            with suppress(zlib.error):
                yield zlib.decompress(opened)


def sweep(words: Iterable[str], *, beside: dict[str, bytes] | None = None) -> set[Found]:
    """Every place where a word stands: tables, files, the queue, and what a test caught `beside`."""
    sought = Words(tuple(words))
    return {
        Found(word, place)
        for place, raw in [*in_tables(), *in_files(), *in_queue(), *(beside or {}).items()]
        for word in sought.within(raw)
    }


@contextmanager
def seeing_all(alias: str) -> Iterator[Any]:
    """A cursor of the tables' owner for whom no wall stands, inside what the test has open."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('role', 'none', true)")
        cursor.execute(WALLED)
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        yield cursor
        transaction.set_rollback(True, using=alias)


def rows() -> dict[str, set[bytes]]:
    """Every row of every table of both databases, as PostgreSQL writes it."""
    found: dict[str, set[bytes]] = {}
    for alias in ("default", "vault"):
        with seeing_all(alias) as cursor:
            cursor.execute(TABLES)
            for (name,) in cursor.fetchall():
                query = sql.SQL("SELECT one::text FROM {} one").format(sql.Identifier(name))
                cursor.execute(query)
                found.setdefault(name, set()).update(
                    str(row).encode() for (row,) in cursor.fetchall()
                )
    return found


def in_tables() -> Iterator[tuple[str, bytes]]:
    for name, kept in rows().items():
        for row in kept:
            yield name, row


def files() -> dict[str, bytes]:
    """Every file of the data folder, by its path there."""
    data = Path(settings.PHR_DATA_DIR)
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and STATIC not in path.relative_to(data).parts
    }


STATIC = "static"  # what the portal itself serves; the same for everybody


def in_files() -> Iterator[tuple[str, bytes]]:
    for path, raw in files().items():
        folder = path.split("/", maxsplit=1)[0]
        yield f"folder {folder}", os.fsencode(path) + b"\n" + raw


def in_queue() -> Iterator[tuple[str, bytes]]:
    for raw in everything_in(redis.Redis.from_url(settings.REDIS_URL)):
        yield "queue", raw


def everything_in(broker: redis.Redis) -> Iterator[bytes]:
    """Every key and value, messages with their bodies opened."""
    readers: dict[Any, Any] = {
        b"list": lambda key: broker.lrange(key, 0, -1),
        b"set": broker.smembers,
        b"hash": lambda key: [part for pair in broker.hgetall(key).items() for part in pair],
        b"zset": lambda key: broker.zrange(key, 0, -1),
        b"string": lambda key: [broker.get(key)],
    }
    for key in broker.scan_iter():
        yield key
        for value in readers[broker.type(key)](key):
            yield value
            if value.startswith(b'{"body"'):
                yield base64.b64decode(json.loads(value)["body"])


def server_logs() -> dict[str, bytes]:
    """The logs of the private servers that the tests started, if they did."""
    run = Path(connections["default"].settings_dict["HOST"] or "nowhere")
    return {f"log of {path.stem}": path.read_bytes() for path in run.parent.glob("log/*.log")}
