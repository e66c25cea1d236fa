"""From root down to an account without powers, before anything else is started."""

import ctypes
import os
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from phr.launch.account import Account, CannotStart
from phr.launch.child import LIBC
from phr.launch.compiled import compile_apps
from phr.launch.folder import ELSEWHERE, MARK, ROOT, SYSTEM, claim

LEFT_OUT = {".cache", ".data", ".git", ".venv", "docs", "node_modules", "secrets", "tests"}
PR_SET_KEEPCAPS = 8
CAP_DAC_READ_SEARCH = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522


def step_down(account: Account, wanted: Path) -> NoReturn:
    """Become `account` for good and run the launcher again, with a data folder it can use.

    `wanted` is the data folder asked for. Raises CannotStart when it cannot be had.
    """
    SYSTEM.mkdir(mode=0o755, exist_ok=True)
    folder = data_folder(account, wanted)
    tree = code_tree(account)
    compile_apps(tree)
    environment = {**os.environ, "PHR_DATA_DIR": str(folder)}
    drop(account)
    os.umask(0o077)
    os.chdir(tree)
    python = str(tree / ".venv" / "bin" / "python")
    os.execve(python, [python, "-m", "phr.launch"], environment)  # noqa: S606  a list, no shell


def drop(account: Account) -> None:
    """Give up root's rights in this process; there is no way back."""
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)


def drop_but_read(account: Account) -> None:
    """Become `account`, keeping only the right to read any file (Linux).

    For a command root types: it may be told to read root's files, yet whatever it writes belongs to
    the account the portal runs as.
    """
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    LIBC.prctl(PR_SET_KEEPCAPS, 1)
    os.setresuid(account.uid, account.uid, account.uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, 0, 0, 0, 0)
    LIBC.capset(header, rights)


def data_folder(account: Account, wanted: Path) -> Path:
    """`wanted`, made and given to `account`; or one it can reach, noted in `wanted`.

    Raises CannotStart when `wanted` belongs to somebody else.
    """
    note = wanted / ELSEWHERE
    if note.exists():
        other = Path(note.read_text().strip())
        return other if other.is_dir() else put_elsewhere(wanted, account)
    if wanted.exists() and wanted.stat().st_uid == account.uid:
        return wanted
    if (wanted / MARK).exists():
        raise CannotStart(f"{wanted} belongs to {wanted.owner()}: start the portal as that user.")
    hand_over(wanted, account)
    if account.can_enter(wanted):
        return wanted
    return put_elsewhere(wanted, account)


def hand_over(folder: Path, account: Account) -> None:
    """Make `folder` with what a data folder begins with, and give it to `account`."""
    claim(folder)
    for path in (folder, folder / MARK, folder / "log"):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def put_elsewhere(wanted: Path, account: Account) -> Path:
    """A data folder that `account` reaches; `wanted`, in a closed folder, only says where it is."""
    shutil.rmtree(wanted)
    wanted.mkdir(mode=0o700)
    other = Path(tempfile.mkdtemp(prefix="data-", dir=SYSTEM))
    hand_over(other, account)
    (wanted / ELSEWHERE).write_text(f"{other}\n")
    print(f"The account {account.name} cannot enter {wanted}; its data are in {other}.", flush=True)
    return other


def code_tree(account: Account) -> Path:
    """The checkout, or a copy that `account` can run when the checkout lies in a closed folder."""
    if reaches_checkout(account):
        return ROOT
    tree = copy_of_checkout()
    print(f"The account {account.name} cannot enter {ROOT}; it runs a copy in {tree}.", flush=True)
    refresh(tree)
    if not account.can_run(tree / ".venv" / "bin" / "python", "-c", "import django"):
        raise CannotStart(f"The account {account.name} cannot run Python from {tree}.")
    return tree


def reaches_checkout(account: Account) -> bool:
    """Whether `account` can run the portal right from this checkout."""
    python = ROOT / ".venv" / "bin" / "python"
    return account.can_enter(ROOT / "phr") and account.can_run(python, "-c", "import django")


def copy_of_checkout() -> Path:
    """Where the copy of this checkout is kept; only root may write there."""
    return SYSTEM / f"code-{sha256(str(ROOT).encode()).hexdigest()[:12]}"


def refresh(tree: Path) -> None:
    """Make `tree` a copy of this checkout; installed packages are copied when they changed."""
    tree.mkdir(mode=0o755, exist_ok=True)
    for old in tree.iterdir():
        if old.name not in {".venv", "python"}:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for item in ROOT.iterdir():
        if item.name in LEFT_OUT or item.name.startswith("."):
            continue
        if item.is_dir():
            shutil.copytree(item, tree / item.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(item, tree / item.name)
    copy_packages(tree)
    open_to_readers(tree)


def copy_packages(tree: Path) -> None:
    """Copy `.venv`, and the Python it stands on when that is closed to others."""
    ours, theirs = ROOT / ".venv", tree / ".venv"
    stamp = ours / "installed"
    if (theirs / "installed").exists() and (theirs / "installed").read_text() == stamp.read_text():
        return
    shutil.rmtree(theirs, ignore_errors=True)
    ignored = shutil.ignore_patterns("installed")
    shutil.copytree(ours, theirs, symlinks=True, ignore=ignored)
    base = Path(sys.base_prefix)
    if all(folder.stat().st_mode & 0o001 for folder in (base, *base.parents)):
        shutil.copy2(stamp, theirs / "installed")
        return
    copy_python(base, tree / "python")
    program = theirs / "bin" / "python3"
    for link in theirs.glob("bin/python*"):
        link.unlink()
        link.symlink_to("python3")
    program.unlink(missing_ok=True)
    program.symlink_to(tree / "python" / "bin" / Path(sys.executable).resolve().name)
    (theirs / "pyvenv.cfg").write_text(f"home = {tree}/python/bin\n")
    shutil.copy2(stamp, theirs / "installed")


def copy_python(base: Path, target: Path) -> None:
    """Copy a Python installation without its tests and site packages."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.rmtree(target, ignore_errors=True)
    (target / "bin").mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), target / "bin")
    ignored = shutil.ignore_patterns("site-packages", "test", "idlelib", "tkinter", "config-*")
    shutil.copytree(base / "lib" / version, target / "lib" / version, symlinks=True, ignore=ignored)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy2(library, target / "lib")


def open_to_readers(tree: Path) -> None:
    """Let every account read the copy; it holds code, no data and no secrets."""
    for folder, _, files in os.walk(tree):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
