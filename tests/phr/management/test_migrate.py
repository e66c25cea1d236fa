"""`migrate`: each database is taken through the migrations of what is kept in it."""

import pytest

from tests import raw

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def apps_migrated(alias: str) -> set[str]:
    with raw.login(alias) as owner:
        return {app for (app,) in owner.execute("SELECT app FROM django_migrations").fetchall()}


def test_the_vault_goes_through_its_own_migrations_only() -> None:
    assert apps_migrated("vault") == {"vault"}
    assert {"accounts", "sharing", "phr", "rights", "auth"} <= apps_migrated("default")
