"""Servers somebody else runs."""

import os

import pytest

from phr.launch import external
from phr.launch.account import CannotStart


def test_vault_is_the_neighbour_of_the_database() -> None:
    given = {"DATABASE_URL": "postgresql://phr:p%40@db.example:5433/phr?sslmode=require"}
    expected = "postgresql://phr:p%40@db.example:5433/phr_vault?sslmode=require"
    assert external.vault_url(given) == expected
    named = given | {"VAULT_DATABASE_URL": "postgresql://keys@keys.example/keys"}
    assert external.vault_url(named) == named["VAULT_DATABASE_URL"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://root@localhost/phr", "must begin with postgresql://"),
        ("postgresql://[bad", "DATABASE_URL does not work: "),
        ("postgresql://phr:secret@127.0.0.1:1/phr", "DATABASE_URL does not work: .*refused"),
    ],
)
def test_broken_database_is_one_sentence_without_the_password(url: str, reason: str) -> None:
    with pytest.raises(CannotStart, match=reason) as refused:
        external.check_database(url, "DATABASE_URL")
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["carrier-pigeon", "redis://127.0.0.1:1/0"])
def test_broken_broker_is_one_sentence(url: str) -> None:
    with pytest.raises(CannotStart, match=r"^REDIS_URL .*\.$"):
        external.check_broker(url)


def test_working_servers_are_accepted() -> None:
    external.check_database(os.environ["DATABASE_URL"], "DATABASE_URL")
    external.make_vault(os.environ["DATABASE_URL"], os.environ["VAULT_DATABASE_URL"])
    external.check_broker(os.environ["REDIS_URL"])
