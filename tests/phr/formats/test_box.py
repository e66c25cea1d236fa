"""The parser box from its parent's side: what comes out, and that nothing can hold it up."""

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from phr import forking
from phr.box import BoxBroken, parse
from phr.formats.parsed import MB, Limits, Output, Parsed, Preview, Progress, Refused
from tests.phr.formats.reading import read
from tests.worlds import synthea
from tests.worlds.files import ct_slice, dicom, fhir, pdf, picture

ROOT = Path(__file__).resolve().parents[3]


@cache
def long() -> bytes:
    """More than the box reads before it is held up or ended."""
    return b"".join(synthea.lines(20_000))


def boxed(data: bytes, name: str = "", *, limits: Limits | None = None) -> list[Output]:
    return [
        item
        for item in parse([data], filename=name, limits=limits)
        if not isinstance(item, Progress)
    ]


def refusal(data: bytes, name: str = "", *, limits: Limits | None = None) -> str:
    with pytest.raises(Refused) as refused:
        boxed(data, name, limits=limits)
    assert not children()
    return refused.value.sentence


def children() -> set[int]:
    """Parser processes that this process had forked and that still exist, zombies too."""
    return {child for server in _children_of(os.getpid()) for child in _children_of(server)}


def _children_of(parent: int) -> set[int]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == parent and _of_the_box(folder):
                found.add(int(folder.name))
    return found


def _of_the_box(folder: Path) -> bool:
    line = (folder / "cmdline").read_bytes()
    return b"phr.formats" in line or not line


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", fhir("searchset")),
        ("a.json", fhir("ips")),
        ("a.pdf", pdf()),
        ("a.jpg", picture("JPEG")),
        ("a.png", picture("PNG", mode="I;16")),
        ("a.tif", picture("TIFF", compression="tiff_lzw")),
        ("a.dcm", dicom(ct_slice())),
        ("a.json", b"".join(synthea.lines(300))),
    ],
)
def test_the_box_gives_what_the_reader_gives(name: str, data: bytes) -> None:
    assert boxed(data, name) == read(data, name)


def test_the_box_refuses_with_the_reader_s_sentence() -> None:
    bad = fhir("observation").replace(b'"status": "final"', b'"status": "banana"')
    assert refusal(bad).startswith("Observation.status is not one of")
    assert refusal(b"") == "The file is empty."
    assert "archive ends too early" in refusal(b"PK\x03\x04")


def test_what_was_read_before_the_mistake_comes_out_first() -> None:
    raw = b"".join(synthea.lines(50))[:-2] + b',{"resource":{"resourceType":"Order","x":1}}]}'
    found: list[Output] = []
    with pytest.raises(Refused, match="Entry 51, Order is a type"):
        found.extend(parse([raw], filename=""))
    assert sum(isinstance(f, Parsed) for f in found) == 50


def test_progress_counts_bytes_a_few_times_a_second() -> None:
    raw = b"".join(synthea.lines(8000))
    started = time.monotonic()
    steps = [i for i in parse([raw], filename="", size=len(raw)) if isinstance(i, Progress)]
    seconds = time.monotonic() - started
    assert steps
    assert len(steps) <= 10 * seconds + 2
    assert all(s.total == len(raw) and s.unit == "bytes" for s in steps)
    assert [s.done for s in steps] == sorted(s.done for s in steps)


def test_the_size_of_the_chunks_does_not_matter() -> None:
    raw = fhir("searchset")
    pieces = (raw[n : n + 7] for n in range(0, len(raw), 7))
    kept = [i for i in parse(pieces, filename="a.json") if not isinstance(i, Progress)]
    assert kept == boxed(raw)


def test_more_bytes_than_allowed_are_not_even_read() -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        yield b'{"resourceType":"Bundle","x":"'
        while True:
            given += MB
            yield b"a" * MB

    with pytest.raises(Refused, match="larger than 3 MB"):
        list(parse(endless(), filename="", limits=Limits(max_bytes=3 * MB)))
    assert given <= 4 * MB
    assert not children()


def test_a_memory_bomb_in_json_is_ended() -> None:
    bomb = b'{"resourceType":"Basic","x":[' + b"{}," * (10 * MB) + b"{}]}"
    assert "MB of memory" in refusal(
        bomb, limits=Limits(memory=500 * MB, max_resource_bytes=50 * MB)
    )


def test_a_memory_bomb_in_deflated_dicom_is_ended() -> None:
    dataset = ct_slice()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    out = BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    head = out.getvalue()
    body = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    start = 132 + 12 + int.from_bytes(head[140:144], "little")
    bomb = head[:start] + b"".join(body.compress(b"\0" * MB) for _ in range(500)) + body.flush()
    assert len(bomb) < 4 * MB
    assert "MB of memory" in refusal(
        bomb, limits=Limits(memory=500 * MB, max_resource_bytes=50 * MB)
    )


def test_work_without_end_is_ended() -> None:
    slow = b'{"resourceType":"Basic","x":[' + b'{"a":1},' * (5 * MB) + b"{}]}"
    started = time.monotonic()
    limits = Limits(cpu_seconds=1, memory=8 * 1024 * MB, max_resource_bytes=50 * MB)
    said = refusal(slow, limits=limits)
    assert said == "The file took too long to read, so reading was stopped."
    assert time.monotonic() - started < 10


def test_a_child_that_stands_still_is_ended() -> None:
    items = parse([b"".join(synthea.lines(5000))], filename="", limits=Limits(wall_seconds=1))
    next(items)
    (child,) = children()
    os.kill(child, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(Refused, match="took too long"):
        list(items)
    assert time.monotonic() - started < 5
    assert not children()


def test_a_child_that_dies_is_no_silence() -> None:
    items = parse([long()], filename="")
    next(items)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Refused):
        list(items)
    assert not children()


def test_a_slow_reader_of_the_results_is_given_time() -> None:
    count = 0
    for item in parse([b"".join(synthea.lines(3000))], filename="", limits=Limits(wall_seconds=2)):
        if isinstance(item, Parsed):
            count += 1
            if count % 1000 == 0:
                time.sleep(1)
    assert count == 3000


def test_closing_early_ends_the_child() -> None:
    items = parse([long()], filename="")
    next(items)
    assert len(children()) == 1
    assert isinstance(items, Iterator)
    items.close()  # type: ignore[attr-defined]
    assert not children()


def test_forgetting_the_iterator_ends_the_child() -> None:
    items = parse([long()], filename="")
    next(items)
    del items
    assert not children()


def test_a_source_that_fails_ends_the_child() -> None:
    def broken() -> Iterator[bytes]:
        yield fhir("searchset")[:50]
        raise ConnectionError("storage went away")

    with pytest.raises(ConnectionError):
        list(parse(broken(), filename=""))
    assert not children()


def test_neither_name_nor_settings_are_seen_in_the_process_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    items = parse([long()], filename="canary.json")
    next(items)
    (child,) = children()
    assert b"canary" not in Path(f"/proc/{child}/cmdline").read_bytes()
    with suppress(PermissionError):  # nobody but root may look into the locked process
        assert b"canary" not in Path(f"/proc/{child}/environ").read_bytes()
        assert {p.name for p in Path(f"/proc/{child}/fd").iterdir()} <= {"0", "1", "2", "3"}
    items.close()  # type: ignore[attr-defined]


def test_a_child_whose_parent_died_before_asking_leaves() -> None:
    start = (
        "import sys; sys.path.insert(0, sys.argv[1]); from phr.formats.__main__ import main; main()"
    )
    command = [sys.executable, "-I", "-c", start, str(Path(__file__).parents[3])]

    assert subprocess.run(command, input=b'{"limits"', timeout=30, check=False).returncode == 0


def test_no_django_in_the_box() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import phr.formats.__main__; "
        "from phr.formats import dicom, fhir, image, pdf; dicom.warm(); fhir.warm(); "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('django', 'psycopg', 'redis', 'celery', 'socketserver')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_boxes_side_by_side() -> None:
    found: list[list[Output]] = []
    raw = fhir("searchset")
    threads = [threading.Thread(target=lambda: found.append(boxed(raw))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [read(raw)] * 6


def test_a_box_that_cannot_start_is_the_operator_s_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    forking.forget()
    for program in ("/bin/false", "/nowhere"):
        monkeypatch.setattr(sys, "executable", program)
        with pytest.raises(BoxBroken):
            boxed(fhir("searchset"))


def test_a_preview_survives_the_way() -> None:
    _, preview = boxed(picture("JPEG", size=(3000, 2000)))
    assert isinstance(preview, Preview)
    assert preview.data.startswith(b"\xff\xd8\xff")


@pytest.mark.slow
def test_memory_stays_flat_on_a_large_bundle() -> None:
    most = 0
    count = 0
    child: int | None = None
    limits = Limits(memory=450 * MB)
    for item in parse(synthea.lines(30_000), filename="a.json", limits=limits):
        count += isinstance(item, Parsed)
        if isinstance(item, Progress):
            if child is None:
                (child,) = children()
            with suppress(OSError, IndexError):
                status = Path(f"/proc/{child}/status").read_text()
                most = max(most, int(status.split("VmHWM:")[1].split()[0]) * 1024)
    assert count == 30_000
    assert 0 < most < 150 * MB


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "I;16"), ("PNG", "P"), ("TIFF", "F")],
)
def test_the_largest_picture_fits_into_the_memory(kind: str, mode: str) -> None:
    # Made quickly: how well it is packed is the same to who unpacks it.
    fast = {"compress_level": 1} if kind == "PNG" else {}
    raw = picture(kind, mode=mode, size=(7000, 7000), **fast)
    assert isinstance(boxed(raw, limits=Limits(max_bytes=400 * MB))[1], Preview)


@pytest.mark.slow
def test_the_largest_dicom_frame_fits_into_the_memory() -> None:
    raw = dicom(ct_slice(Rows=7000, Columns=7000, PixelData=bytes(2 * 7000 * 7000)))
    assert isinstance(boxed(raw)[-1], Preview)
