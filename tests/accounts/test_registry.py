"""Registers of licences: the check sum of an NPI, a file of the operator, a service over HTTP."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import create_server, socket
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings

from accounts.registry import (
    Answer,
    FileRegistry,
    NppesRegistry,
    Outcome,
    is_npi,
    luhn,
    registry,
    same_name,
)

# The example of CMS ("Requirements for National Provider Identifier (NPI) and NPI Check Digit").
NPI = "1234567893"


def test_the_example_of_cms_is_an_npi_and_no_neighbour_of_it_is() -> None:
    assert is_npi(NPI)
    assert luhn("80840" + NPI)
    for at in range(10):
        wrong = NPI[:at] + str((int(NPI[at]) + 1) % 10) + NPI[at + 1 :]
        assert not is_npi(wrong)
    for other in ("", "123456789", NPI + "0", "3234567891", "123456789a", "١٢٣٤٥٦٧٨٩٣"):
        assert not is_npi(other)


@pytest.mark.parametrize(
    ("given", "registered", "same"),
    [
        ("Dr Ana Silva", "SILVA, ANA", True),
        ("Dr. José Núñez MD", "JOSE NUNEZ", True),
        ("Ana Silva", "Ana Maria Silva", False),
        ("Ana Silva", "", False),
    ],
)
def test_names_are_compared_word_by_word(given: str, registered: str, *, same: bool) -> None:
    assert same_name(given, registered) is same


CSV = "number,name,active\nGMC 123,Bob Brown,yes\nGMC-9,Ann Else,no\n"


@pytest.mark.parametrize(
    ("number", "name", "answer"),
    [
        ("gmc123", "Dr Bob Brown", Answer(Outcome.FOUND, "Bob Brown")),
        ("GMC 123", "Dr Carol Clark", Answer(Outcome.OTHER_NAME, "Bob Brown")),
        ("GMC 9", "Ann Else", Answer(Outcome.NOT_ACTIVE, "Ann Else")),
        ("GMC 4", "Bob Brown", Answer(Outcome.NOT_FOUND)),
    ],
)
def test_a_file_of_the_operator_is_looked_up(
    tmp_path: Path, number: str, name: str, answer: Answer
) -> None:
    table, objects = tmp_path / "licences.csv", tmp_path / "licences.json"
    table.write_text(CSV, encoding="utf-8-sig")
    rows = [dict(zip(("number", "name", "active"), line.split(","), strict=True))
            for line in CSV.splitlines()[1:]]  # fmt: skip
    objects.write_text(json.dumps(rows))

    assert FileRegistry(table).look_up(number, name) == answer
    assert FileRegistry(objects).look_up(number, name) == answer


def test_a_file_that_cannot_be_read_is_no_answer(tmp_path: Path) -> None:
    broken = tmp_path / "licences.json"
    broken.write_text("{")

    assert FileRegistry(broken).look_up("1", "x") == Answer(Outcome.NO_ANSWER)
    assert FileRegistry(tmp_path / "none.csv").look_up("1", "x") == Answer(Outcome.NO_ANSWER)


class Nppes(BaseHTTPRequestHandler):
    """Answers as NPPES API version 2.1 does."""

    body: ClassVar[bytes] = b""
    status: ClassVar[int] = 200
    location: ClassVar[str] = ""
    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_GET(self) -> None:
        self.asked.append(parse_qs(urlsplit(self.path).query))
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Nppes)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()
    server.server_close()
    thread.join()


def entry(status: str = "A") -> bytes:
    basic = {"first_name": "ANA", "last_name": "SILVA", "status": status}
    return json.dumps({"result_count": 1, "results": [{"number": NPI, "basic": basic}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, entry(), Answer(Outcome.FOUND, "ANA SILVA")),
        (200, entry("D"), Answer(Outcome.NOT_ACTIVE, "ANA SILVA")),
        (200, b'{"result_count": 0, "results": []}', Answer(Outcome.NOT_FOUND)),
        (200, b'{"Errors": [{"description": "no"}]}', Answer(Outcome.NO_ANSWER)),
        (200, b"<html>", Answer(Outcome.NO_ANSWER)),
        (503, b"", Answer(Outcome.NO_ANSWER)),
    ],
)
def test_a_service_is_asked_over_http(
    service: str, status: int, body: bytes, answer: Answer
) -> None:
    Nppes.status, Nppes.body = status, body
    Nppes.asked.clear()

    assert NppesRegistry(service).look_up(NPI, "Dr Ana Silva") == answer
    assert Nppes.asked == [{"version": ["2.1"], "number": [NPI]}]


def test_it_is_asked_at_no_other_address(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that leads elsewhere, here to itself, is none, and nothing is sent there."""
    Nppes.status, Nppes.body = 302, b""
    Nppes.asked.clear()
    monkeypatch.setattr(Nppes, "location", service + "?elsewhere")

    assert NppesRegistry(service).look_up(NPI, "x") == Answer(Outcome.NO_ANSWER)
    assert len(Nppes.asked) == 1


def test_an_answer_that_is_not_http_is_no_answer() -> None:
    with create_server(("127.0.0.1", 0)) as listening:
        Thread(target=answer_nonsense, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/"

        assert NppesRegistry(url).look_up(NPI, "x") == Answer(Outcome.NO_ANSWER)


def answer_nonsense(listening: socket) -> None:
    came, _ = listening.accept()
    with came:
        came.recv(65536)
        came.sendall(b"nonsense\r\n\r\n")


def test_a_number_that_is_none_is_not_sent_anywhere(service: str) -> None:
    Nppes.asked.clear()

    assert NppesRegistry(service).look_up("1234567890", "x") == Answer(Outcome.WRONG_NUMBER)
    assert Nppes.asked == []


def test_a_service_that_is_not_there_is_no_answer() -> None:
    gone = NppesRegistry("http://127.0.0.1:9/api/")

    assert gone.look_up(NPI, "x") == Answer(Outcome.NO_ANSWER)


def test_the_setting_says_which_register(settings: LazySettings, tmp_path: Path) -> None:
    settings.PHR_LICENCE_REGISTER = ""
    assert registry() is None
    settings.PHR_LICENCE_REGISTER = "https://registry.example/api/"
    assert registry() == NppesRegistry("https://registry.example/api/")
    settings.PHR_LICENCE_REGISTER = str(tmp_path / "licences.csv")
    assert registry() == FileRegistry(tmp_path / "licences.csv")
