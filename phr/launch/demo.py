"""The demo: servers, preparation, processes, and the few lines that say where it is."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from phr.launch import found
from phr.launch.account import CannotStart
from phr.launch.child import Command, adopt_strays, end_strays
from phr.launch.external import check_broker, check_database, make_vault, vault_url
from phr.launch.folder import ROOT, kept_secrets
from phr.launch.healthy import status
from phr.launch.private import Passwords, Services
from phr.launch.stop import Stop, Stopped
from phr.launch.supervisor import Supervisor

PASSED_ON = ("PHR_", "DJANGO_", "EMAIL_", "SSL_CERT_")
STEP_SECONDS = 900.0
READY_SECONDS = 90.0
# What the preparing process says instead of people when nobody is let in.
LOCKED = "The portal is locked. Run ./manage.py reconcile beside it to open it."


class Demo:
    """One portal running from one data folder on one port."""

    def __init__(self, folder: Path, port: int, given: Mapping[str, str], stop: Stop) -> None:
        self.folder, self.port, self.given, self.stop = folder, port, given, stop
        self.supervisor = Supervisor()
        self.secrets = kept_secrets(folder)
        self.services = Services(
            folder, passwords=Passwords(self.secrets["admin"], self.secrets["owner"])
        )
        self.settings = self._settings()
        self.people = folder / "tmp" / "people.txt"
        empty(folder / "tmp")

    def run(self) -> None:
        """Start everything and watch it. Raises Stopped when told to, CannotStart when it fails."""
        adopt_strays()
        try:
            self._start_services()
            self._prepare()
            self._start_portal()
            self._tell()
            while True:
                self.supervisor.look()
                self.stop.wait_until(lambda: False, seconds=0.5)
        except Stopped:
            print("Stopping…")
            raise
        finally:
            found.forget(self.folder)
            self.supervisor.stop()
            end_strays()
            self.services.remove_sockets()

    def _settings(self) -> dict[str, str]:
        passed = {k: v for k, v in self.given.items() if k.startswith(PASSED_ON)}
        return {
            # Browsers give passkeys to `localhost`, never to an address in numbers.
            "PHR_ORIGIN": f"http://localhost:{self.port}",
            "PHR_DEMO": "1",
            "SECRET_KEY": self.given.get("SECRET_KEY") or self.secrets["SECRET_KEY"],
            **passed,
            "PHR_DATA_DIR": str(self.folder),
        }

    def _surroundings(self) -> dict[str, str]:
        """What a process needs that is no setting of the portal."""
        return {
            "DJANGO_SETTINGS_MODULE": "phr.settings",
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
        }

    def _start_services(self) -> None:
        database, broker = self.given.get("DATABASE_URL"), self.given.get("REDIS_URL")
        if broker:
            check_broker(broker)
            self.settings["REDIS_URL"] = broker
        if database:
            check_database(database, "DATABASE_URL")
            vault = vault_url(self.given)
            make_vault(database, vault)
            self.settings |= {"DATABASE_URL": database, "VAULT_DATABASE_URL": vault}
        else:
            self._say("Starting a private PostgreSQL…")
            self.supervisor.add(self.services.start_postgres)
        if not broker:
            self._say("Starting a private Valkey…")
            self.supervisor.add(self.services.start_valkey)
        self.settings |= self.services.environment

    def _prepare(self) -> None:
        """Run the preparing process to its end. Raises CannotStart with its reason."""
        self._say("Preparing the database and the demo…")
        command = self._command("prepare", "-m", "phr.launch.prepare", str(self.people))
        command.log.unlink(missing_ok=True)
        child = command.start()
        if self.stop.wait_for(child, seconds=STEP_SECONDS) != 0:
            child.end(within=0)
            raise CannotStart(f"{reason_in(child.last_words())} (All of it: {command.log})")
        found.write(self.folder, self.settings)

    def _start_portal(self) -> None:
        self._say("Starting the portal…")
        self.supervisor.add(self._web().start, self._worker().start, self._beat().start)
        if not self.stop.wait_until(self._ready, seconds=READY_SECONDS, step=0.2):
            last = self.supervisor.tiers[-1][0].child.last_words()
            raise CannotStart(f"The portal did not become ready:\n{last}")

    def _ready(self) -> bool:
        self.supervisor.look()
        path = "/healthz" if self._locked() else "/readyz"
        return status(self.port, path, self.settings["PHR_ORIGIN"]) == 200

    def _locked(self) -> bool:
        return self.people.read_text().strip() == LOCKED

    def _tell(self) -> None:
        people, locked = self.people.read_text().strip(), self._locked()
        self.people.unlink()
        address, demo = self.settings["PHR_ORIGIN"], people and not locked
        mail = f"Mail the portal sends can be read at {address}/demo/mail/" if demo else ""
        stop = f"Data and logs are in {self.folder}. Press Ctrl-C to stop."
        parts = [f"The portal runs at {address}/", people, mail, stop]
        print("\n" + "\n\n".join(part for part in parts if part))

    def _say(self, text: str) -> None:
        self.stop.check()
        print(text)

    def _command(self, name: str, *arguments: str) -> Command:
        return Command(
            name=name,
            arguments=[sys.executable, *arguments],
            environment=self.settings | self._surroundings(),
            log=self.folder / "log" / f"{name}.log",
            folder=str(ROOT),
        )

    def _web(self) -> Command:
        heartbeat = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(self.folder / "tmp")  # noqa: S108
        # One process loads the code, and those that answer are forks of it.
        workers = ["--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        patience = ["--timeout", "120", "--graceful-timeout", "5", "--no-control-socket"]
        place = ["--bind", f"127.0.0.1:{self.port}", "--worker-tmp-dir", heartbeat]
        return self._command("web", "-m", "gunicorn", "phr.wsgi", *workers, *patience, *place)

    def _worker(self) -> Command:
        # Its heartbeat would wait for a broker that is gone, and the end of the worker for it.
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        many = ["--concurrency", "2", "--loglevel", "INFO"]
        return self._celery("worker", "worker", *many, *quiet)

    def _beat(self) -> Command:
        schedule = str(self.folder / "beat-schedule")
        return self._celery("beat", "beat", "--schedule", schedule, "--pidfile", "")

    def _celery(self, name: str, *arguments: str) -> Command:
        return self._command(name, "-m", "celery", "-A", "phr.celery", *arguments)


def reason_in(text: str) -> str:
    """What a failed process said was wrong: a failed check, else its last line, without classes."""
    if failed := re.search(r"^\S+: \([\w.]+\) (.+)$", text, re.MULTILINE):
        return failed[1]
    lines = [line for line in text.splitlines() if line.strip()]
    last = lines[-1].strip() if lines else "A step stopped without saying why."
    return re.sub(r"^[\w.]+(Error|Exception|Configured): ", "", last)


def empty(folder: Path) -> None:
    """Leave `folder` empty and private."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
