"""The private PostgreSQL: an owner without powers, a stale lock, a log that tells nothing."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from phr.launch import account, postgres
from phr.launch.private import Services
from phr.launch.supervisor import Supervisor


@pytest.fixture
def cluster(tmp_path: Path) -> postgres.Cluster:
    data = tmp_path / "postgres"
    data.mkdir()
    return postgres.Cluster(data, tmp_path, tmp_path, admin_password="a", password="p w/@")


def test_url_carries_socket_folder_and_password(cluster: postgres.Cluster) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(cluster.url("phr"))
    expected = {"user": "phr", "password": "p w/@", "dbname": "phr", "host": str(cluster.sockets)}
    assert parts == expected


def test_lock_of_a_process_that_is_no_server_is_removed(cluster: postgres.Cluster) -> None:
    lock = cluster.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{cluster.data}\n")
    cluster.clear_stale_lock()
    assert not lock.exists()


@pytest.fixture(scope="module")
def server() -> Iterator[Services]:
    owner = account.for_tests()
    folder = Path(tempfile.mkdtemp(prefix="phr-tests-"))
    if owner:
        owner.own(folder)
    (folder / "log").mkdir()
    services, supervisor = Services(folder, account=owner), Supervisor()
    supervisor.add(services.start_postgres)
    yield services
    supervisor.stop()
    services.remove_sockets()
    shutil.rmtree(folder)


def test_owner_has_no_powers_over_the_server(server: Services) -> None:
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        powers = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolreplication, rolcreatedb "
            "FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert powers == (False, False, False, False)


def test_owner_may_act_as_the_roles_it_makes(server: Services) -> None:
    with psycopg.connect(server.environment["VAULT_DATABASE_URL"]) as connection:
        connection.execute("CREATE ROLE made NOLOGIN")
        connection.execute("SET LOCAL ROLE made")
        assert connection.execute("SELECT current_user::text").fetchone() == ("made",)
        connection.rollback()


def test_password_is_asked_for(server: Services) -> None:
    wrong = server.environment["DATABASE_URL"].replace(server.passwords.owner, "guess")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(wrong)


def test_no_port_is_open_and_the_log_tells_nothing(server: Services) -> None:
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        said = {
            name: (connection.execute(f"SHOW {name}").fetchone() or ("",))[0]
            for name in ("listen_addresses", "log_min_error_statement", "log_error_verbosity")
        }
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0 AS canary")
    assert list(said.values()) == ["", "panic", "terse"]
    assert "canary" not in (server.folder / "log" / "postgres.log").read_text()
