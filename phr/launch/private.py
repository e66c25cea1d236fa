"""The private PostgreSQL and Valkey of one folder, started together."""

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from phr.launch import postgres, valkey
from phr.launch.account import Account
from phr.launch.child import Child

# A Unix socket's path holds at most 107 bytes, and PostgreSQL adds its own file name.
LONGEST_FOLDER = 85


@dataclass(frozen=True, slots=True)
class Passwords:
    """Passwords of the private PostgreSQL: its administrator's and its owner's."""

    admin: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(24))


def socket_folder(folder: Path, account: Account | None) -> Path:
    """A folder for the sockets: inside `folder`, or a short temporary one when that is too long."""
    inside = folder / "run"
    if len(str(inside).encode()) <= LONGEST_FOLDER:
        inside.mkdir(mode=0o700, exist_ok=True)
        chosen = inside
    else:
        chosen = Path(tempfile.mkdtemp(prefix="phr-", dir="/tmp"))
    if account:
        account.own(chosen)
    return chosen


@dataclass(slots=True)
class Services:
    """Private servers of one folder. `environment` is what points the portal at them."""

    folder: Path
    account: Account | None = None
    fast: bool = False
    passwords: Passwords = field(default_factory=Passwords)
    environment: dict[str, str] = field(default_factory=dict)
    sockets: Path = field(init=False)

    def __post_init__(self) -> None:
        self.sockets = socket_folder(self.folder, self.account)

    def start_postgres(self) -> Child:
        """Start PostgreSQL. Raises CannotStart."""
        programs = postgres.find_server()
        cluster = postgres.Cluster(
            data=self.folder / "postgres",
            sockets=self.sockets,
            programs=postgres.within_reach(programs, self.account, self.folder / "programs"),
            admin_password=self.passwords.admin,
            password=self.passwords.owner,
            account=self.account,
            fast=self.fast,
        )
        child = cluster.start(self.folder / "log" / "postgres.log")
        self.environment["DATABASE_URL"] = cluster.url("phr")
        self.environment["VAULT_DATABASE_URL"] = cluster.url("phr_vault")
        return child

    def start_valkey(self) -> Child:
        """Start Valkey. Raises CannotStart."""
        program = valkey.find_server()
        broker = valkey.Broker(
            data=self.folder / "valkey",
            sockets=self.sockets,
            program=valkey.within_reach(program, self.account, self.folder / "programs"),
            account=self.account,
            fast=self.fast,
        )
        child = broker.start(self.folder / "log" / "valkey.log")
        self.environment["REDIS_URL"] = broker.url
        return child

    def remove_sockets(self) -> None:
        """Remove the socket folder when it lies outside; what is on disk stays."""
        if not self.sockets.is_relative_to(self.folder):
            shutil.rmtree(self.sockets, ignore_errors=True)
