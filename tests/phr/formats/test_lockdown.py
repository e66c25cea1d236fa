"""The locked process really cannot do anything but compute, read and write what is open."""

import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from phr.formats import seccomp

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
import ctypes, mmap, os, resource, signal, socket, subprocess, sys, threading
sys.path.insert(0, {root!r})
from phr.formats.lockdown import lock
from phr.formats.parsed import Limits
libc = ctypes.CDLL(None, use_errno=True)
{before}
lock(Limits())
try:
    said = {attempt}
except BaseException as error:
    said = f"{{type(error).__name__}} {{getattr(error, 'errno', '')}}"
sys.stdout.write(str(said))
sys.stdout.flush()
os._exit(0)
"""


def locked(attempt: str, before: str = "", stdin: bytes = b"") -> str:
    """What `attempt`, a Python expression, gives or raises in a locked process."""
    program = _PROGRAM.format(root=str(ROOT), attempt=attempt, before=textwrap.dedent(before))
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        input=stdin,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.stdout.decode() or f"ended with {done.returncode}: {done.stderr.decode()}"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd').read()",
        "open('/tmp/phr-box-was-here', 'w')",
        "os.listdir('/')",
        "os.stat('/etc/passwd')",
        "os.unlink('/tmp/x')",
        "os.mkdir('/tmp/phr-box-was-here')",
        "os.chmod('/etc/passwd', 0o777)",
        "os.readlink('/proc/self/exe')",
        "os.chdir('/tmp')",
        "os.memfd_create('x')",
        "os.pipe()",
        "os.dup(1)",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.execv('/bin/true', ['true'])",
        "subprocess.run(['/bin/true'])",
        "os.kill(os.getppid(), 0)",
        "os.kill(1, 0)",
        "os.setuid(0)",
        "os.sched_setaffinity(0, {0})",
        "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    ],
)
def test_refused(attempt: str) -> None:
    assert locked(attempt) in ("PermissionError 13", "PermissionError 1")


def test_no_threads() -> None:
    assert locked("threading.Thread(target=print).start()").startswith("RuntimeError")


# ptrace, process_vm_readv, mount, bpf, io_uring_setup, userfaultfd, unshare, keyctl, openat2
_CALLS = {
    "x86_64": (101, 310, 165, 321, 425, 323, 272, 250, 437),
    "aarch64": (117, 270, 40, 280, 425, 282, 97, 219, 437),
}


@pytest.mark.parametrize("number", _CALLS[platform.machine()])
def test_system_calls_without_a_python_name(number: int) -> None:
    assert locked(f"(libc.syscall({number}, 0, 0, 0, 0, 0), ctypes.get_errno())") == "(-1, 13)"


def test_the_second_numbering_of_x86_is_no_way_round() -> None:
    x32_open = 0x40000000 + 2
    assert locked(f"(libc.syscall({x32_open}, b'/etc/passwd', 0), ctypes.get_errno())") == (
        "(-1, 13)"
    )


def test_memory_cannot_be_made_executable_later() -> None:
    before = "page = mmap.mmap(-1, 4096); where = ctypes.addressof(ctypes.c_char.from_buffer(page))"
    attempt = "(libc.mprotect(ctypes.c_void_p(where), 4096, 5), ctypes.get_errno())"
    assert locked(attempt, before) == "(-1, 13)"


def test_threads_from_before_are_locked_too() -> None:
    before = """
    answers, go, done = [], threading.Event(), threading.Event()
    def late():
        go.wait()
        try:
            answers.append(open('/etc/passwd').read())
        except OSError as error:
            answers.append(error.errno)
        done.set()
    threading.Thread(target=late, daemon=True).start()
    """
    assert locked("(go.set(), done.wait(10), answers)[2]", before) == "[13]"


def test_what_is_open_can_be_read() -> None:
    assert locked("os.read(0, 100)", stdin=b"the file") == "b'the file'"


def test_no_file_can_grow() -> None:
    before = "import tempfile; file = tempfile.TemporaryFile()"
    assert locked("os.write(file.fileno(), b'x')", before) == "OSError 27"


def test_seen_from_outside_it_is_nobody_without_privileges() -> None:
    program = _PROGRAM.format(
        root=str(ROOT), attempt="(os.write(1, b'x'), os.read(0, 1))", before=""
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.read(1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.kill()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    nobody_or_me = 65534 if os.geteuid() == 0 else os.getuid()
    assert set(map(int, facts["Uid"].split())) == {nobody_or_me}
    assert int(facts["CapEff"], 16) == 0
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


def test_an_unknown_machine_is_not_trusted() -> None:
    with pytest.raises(seccomp.CannotLock):
        seccomp.instructions("pdp11")


def test_both_architectures_have_a_program() -> None:
    for machine in ("x86_64", "aarch64"):
        program = seccomp.instructions(machine)
        assert len(program) < 256
        assert program[-1] == (0x06, 0, 0, 0x0005000D)
