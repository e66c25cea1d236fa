"""Make `.venv` and install the locked packages, on a bare system Python.

`python3 -I phr/launch/setup.py demo|dev|fuzz` makes what `make run` (demo), `make test` (dev) or
`make fuzz` needs.
Every package is checked against the hashes in `requirements/`. When nothing changed it returns
at once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
# From the smallest to the largest; each holds all of the one before it.
KINDS = ("demo", "dev", "fuzz")
LOCKS = {kind: ROOT / "requirements" / f"{kind}.txt" for kind in KINDS}
UV_LOCK = ROOT / "requirements" / "uv.txt"


class CannotSetUp(Exception):
    """One sentence for the person at the terminal."""


def stamp_of(kind: str) -> str:
    """What `.venv/installed` says when the environment of this kind is up to date."""
    locks = LOCKS[kind].read_bytes() + UV_LOCK.read_bytes()
    return f"{kind} {sys.version_info[0]}.{sys.version_info[1]} {hashlib.sha256(locks).hexdigest()}"


def installed() -> str:
    """What the environment was last made from, or "" when there is none."""
    return STAMP.read_text() if STAMP.exists() and PYTHON.exists() else ""


def succeeds(
    command: Sequence[str | Path],
    environment: dict[str, str] | None = None,
    *,
    explain: bool = True,
) -> bool:
    """Run quietly; what it said is shown only when it failed and `explain` is wanted."""
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode and explain:
        sys.stderr.write(done.stdout.decode(errors="replace")[-4000:])
    return done.returncode == 0


def open_to_all(path: Path) -> bool:
    """Whether every account may enter each folder above `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def interpreters() -> list[str]:
    """Pythons to build on, best first.

    Root's own Python may lie where no lesser account can run it; then Debian's goes first.
    """
    debian = Path("/usr/bin/python3.11")
    if os.geteuid() == 0 and not open_to_all(Path(sys.executable)) and debian.exists():
        return [str(debian), sys.executable]
    return [sys.executable]


def make_venv() -> bool:
    """Make an empty environment; Debian without python3-venv leaves half of one behind."""
    if (VENV / "bin" / "pip").exists() and succeeds([PYTHON, "-c", "import pip"]):
        return True
    for python in interpreters():
        shutil.rmtree(VENV, ignore_errors=True)
        if (
            succeeds([python, "-m", "venv", VENV], explain=False)
            and (VENV / "bin" / "pip").exists()
        ):
            return True
    return False


def install_debian_venv() -> bool:
    """Fetch Debian's python3-venv, which only root can do."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print("Installing Debian's python3-venv…", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "python3-venv"]
    return succeeds(["apt-get", "update", "-qq"], environment) and succeeds(install, environment)


def uv_environment() -> dict[str, str]:
    """uv reads no pip settings, so tell it about the index and certificates pip was told about."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_NO_PROGRESS": "1"}
    for pip_name, uv_name in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if pip_name in os.environ:
            environment.setdefault(uv_name, os.environ[pip_name])
    return environment


def sync_with_uv(lock: Path) -> bool:
    """Make the environment exactly the lock with uv, which is several times faster than pip."""
    uv = VENV / "bin" / "uv"
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    if not uv.exists() and not succeeds([*pip, "install", "-q", "--require-hashes", "-r", UV_LOCK]):
        return False
    # uv's own lock goes along so that the sync keeps it. Compiled now, because a lesser account
    # that runs the portal may not write into .venv.
    command: list[str | Path] = [
        uv,
        "pip",
        "sync",
        "-q",
        "--require-hashes",
        "--compile-bytecode",
        lock,
        UV_LOCK,
    ]
    return succeeds([*command, "--python", PYTHON], uv_environment())


def install_with_pip(lock: Path) -> bool:
    """Install the lock with pip, where uv cannot be had or cannot reach the index."""
    print("uv did not manage; trying pip, which takes longer…", flush=True)
    make_venv()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    return succeeds([*pip, "--require-hashes", "-r", lock])


def ensure(kind: str) -> None:
    """Bring `.venv` up to date for `kind`; one made for more serves as well.

    Raises CannotSetUp with one sentence.
    """
    if sys.version_info < (3, 11):  # noqa: UP036  the system's Python is anyone's guess
        raise CannotSetUp("Python 3.11 or newer is needed.")
    enough = KINDS[KINDS.index(kind) :]
    before = installed()
    if before in map(stamp_of, enough):
        return
    kind = next((one for one in enough if before.startswith(f"{one} ")), kind)
    print("Installing the locked packages into .venv…", flush=True)
    STAMP.unlink(missing_ok=True)
    if not make_venv() and not (install_debian_venv() and make_venv()):
        raise CannotSetUp("Python cannot make a virtual environment: install python3-venv first.")
    if not sync_with_uv(LOCKS[kind]) and not install_with_pip(LOCKS[kind]):
        raise CannotSetUp("The packages could not be installed; the reason is above.")
    STAMP.write_text(stamp_of(kind))


if __name__ == "__main__":
    try:
        ensure(sys.argv[1] if sys.argv[1:] else "dev")
    except CannotSetUp as reason:
        sys.exit(str(reason))
