"""Servers somebody else runs, named by `DATABASE_URL`, `VAULT_DATABASE_URL` and `REDIS_URL`."""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from phr.launch.account import CannotStart
from phr.launch.valkey import answers


def vault_url(environment: Mapping[str, str]) -> str:
    """`VAULT_DATABASE_URL`, else the neighbour of `DATABASE_URL` whose name ends in `_vault`."""
    if given := environment.get("VAULT_DATABASE_URL"):
        return given
    parts = urlsplit(environment["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}_vault"))


def check_database(url: str, name: str) -> None:
    """Raise CannotStart when the PostgreSQL `url`, the setting `name`, lets nobody in."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise CannotStart(f"{name} must begin with postgresql:// (the portal runs on PostgreSQL).")
    try:
        urlsplit(url)
        psycopg.connect(url, connect_timeout=10).close()
    except (psycopg.Error, ValueError) as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        raise CannotStart(f"{name} does not work: {reason}") from None


def make_vault(main: str, vault: str) -> None:
    """Make the vault's database beside the main one when it is missing and that is allowed.

    Raises CannotStart when it cannot be made or entered.
    """
    name = urlsplit(vault).path.lstrip("/")
    with psycopg.connect(main, autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [name]
        ).fetchone():
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except psycopg.Error:
                raise CannotStart(
                    f"Make a database {name} for the keys, or set VAULT_DATABASE_URL."
                ) from None
    check_database(vault, "VAULT_DATABASE_URL")


def check_broker(url: str) -> None:
    """Raise CannotStart when no Redis or Valkey answers at `url`."""
    try:
        alive = answers(url)
    except ValueError:
        raise CannotStart("REDIS_URL must begin with redis://, rediss:// or unix://.") from None
    if not alive:
        raise CannotStart("REDIS_URL does not work: no Redis or Valkey answers there.")
