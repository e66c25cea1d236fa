"""While a database is replaced nobody else is connected to it."""

import psycopg
import pytest
from django.db import connections

from rights.backups import loading
from rights.backups.repository import Kind
from tests.raw import login

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories"),
]


def test_the_number_that_is_spared_is_one_of_the_vaults_server() -> None:
    with login() as other, login("vault") as holder:
        loading.shut(Kind.DEFAULT, spare=other.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")

        loading.shut(Kind.VAULT, spare=holder.info.backend_pid)
        assert holder.execute("SELECT 1").fetchone() == (1,)
    for alias in connections:
        connections[alias].close()
