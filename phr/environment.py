"""Reading settings from the environment, failing with one clear sentence."""

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def text(name: str, default: str | None = None) -> str:
    """`NAME`, or the content of the file that `NAME_FILE` names, or the default."""
    from_file = os.environ.get(f"{name}_FILE")
    if from_file:
        try:
            return Path(from_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read.") from error
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. `make run` sets it for a demo.")
    return value


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{value}”.")
    return int(value)


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not “{value}”.")
    return value in {"1", "true", "yes", "on"}


def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(f"“{name}” is not a time zone like Europe/Dublin.") from error


def folder(name: str) -> str:
    """The absolute path of a folder that is there; "" when none is named."""
    value = text(name, "")
    if value and not Path(value).is_dir():
        raise ImproperlyConfigured(f"{name} names no folder that can be read.")
    return str(Path(value).resolve()) if value else ""


def database(name: str, url: str, role: str) -> dict[str, Any]:
    """A libpq connection string as Django wants it, working through the given role."""
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} is not a PostgreSQL connection string.") from error
    if "dbname" not in parts:
        raise ImproperlyConfigured(f"{name} names no database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": parts | ({"assume_role": role} if role else {}),
    }


def private_folder(location: Path) -> dict[str, Any]:
    """A folder that only the portal's account may look into, as Django's storage API wants it."""
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": location,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def broker(url: str) -> str:
    """A Redis URL as Celery writes it (`unix:` sockets are `redis+socket:` there)."""
    return "redis+socket" + url.removeprefix("unix") if url.startswith("unix:") else url
