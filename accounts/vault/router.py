"""Sends the key tables to the database `vault` and everything else to `default`."""

from typing import Any

from django.db.models import Model


def _kept_there(model: Model | type[Model]) -> bool:
    return model._meta.app_label == "vault"  # noqa: SLF001 - a documented API of Django


class VaultRouter:
    def db_for_read(self, model: type[Model], **_hints: Any) -> str | None:
        return "vault" if _kept_there(model) else None

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **_hints: Any) -> bool | None:
        # Not their types: `request.user` is a lazy stand-in.
        return None if _kept_there(one) == _kept_there(other) else False

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool:
        return (db == "vault") == (app_label == "vault")
