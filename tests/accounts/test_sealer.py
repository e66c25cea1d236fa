"""Every way of tampering with the trail is found and named, from the command's exit code on."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from accounts import audit, sealer
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import AuditEvent, AuditSeal
from tests.cast import SEALER
from tests.raw import login, owner

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

Owner = psycopg.Connection[tuple[Any, ...]]
EVENTS, SEALS = "accounts_auditevent", "accounts_auditseal"


def write(count: int) -> None:
    """So many events, each in an act of its own."""
    for _ in range(count):
        with acting_as(Actor.session(uuid4())):
            note("read", subject="Record/1")


def sealed(*batches: int) -> None:
    """Events in batches, each sealed and anchored."""
    for count in batches or (3, 3):
        write(count)
        assert sealer.seal_audit(SEALER) == count


def verdict() -> tuple[int, dict[str, Any]]:
    """The exit code of `manage.py audit_verify` and the line it ends with."""
    out = StringIO()
    code = 0
    try:
        call_command("audit_verify", stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    line: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return code, line


def tamper(act: Callable[[Owner], object]) -> None:
    """Do what a database administrator could do: with every trigger and wall out of the way."""
    with owner() as opened:
        for table in (EVENTS, SEALS):
            opened.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        act(opened)
        for table in (EVENTS, SEALS):
            opened.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def anchors(settings: Settings) -> Path:
    return Path(settings.PHR_AUDIT_ANCHOR_FILE)


def test_an_empty_trail_is_intact() -> None:
    assert verdict()[0] == 0


def test_a_whole_trail_is_intact_sealed_or_not() -> None:
    sealed()
    write(2)

    code, line = verdict()

    assert code == 0
    assert line["verdict"] == "intact"
    assert line["events"] == 8
    assert line["seconds"] >= 0


OF_NUMBER = f"event_id = (SELECT event_id FROM {SEALS} WHERE sequence = %s)"  # noqa: S608
EVENT = f"id = (SELECT event_id FROM {SEALS} WHERE sequence = %s)"  # noqa: S608


def set_event(column: str, value: str) -> Callable[[Owner], object]:
    return lambda at: at.execute(
        f"UPDATE {EVENTS} SET {column} = {value} WHERE {EVENT}",  # noqa: S608
        [2],
    )


def swap(at: Owner) -> None:
    """Two events change places in the chain."""
    rows = at.execute(f"SELECT sequence, event_id FROM {SEALS} WHERE sequence IN (2, 4)").fetchall()  # noqa: S608
    for sequence, _ in rows:
        at.execute(f"UPDATE {SEALS} SET event_id = %s WHERE sequence = %s", [uuid4(), sequence])  # noqa: S608
    for (sequence, _), (_, event_id) in zip(rows, reversed(rows), strict=True):
        at.execute(f"UPDATE {SEALS} SET event_id = %s WHERE sequence = %s", [event_id, sequence])  # noqa: S608


def forge(at: Owner) -> None:
    """An event that nobody did, without the key that signs events."""
    at.execute(
        f"INSERT INTO {EVENTS} SELECT (jsonb_populate_record(e, jsonb_build_object("  # noqa: S608
        "'id', gen_random_uuid(), 'at', now(), 'number', 999, 'previous_number', 0))).*"
        f" FROM {EVENTS} e LIMIT 1"
    )


def cut_tail(at: Owner) -> None:
    """The last event and its seal."""
    at.execute(f"DELETE FROM {EVENTS} WHERE {EVENT}", [6])  # noqa: S608
    at.execute(f"DELETE FROM {SEALS} WHERE sequence = 6")  # noqa: S608


def empty_all(at: Owner) -> None:
    at.execute(f"TRUNCATE {EVENTS}, {SEALS}")


def unseal_one(at: Owner) -> None:
    at.execute(f"DELETE FROM {SEALS} WHERE sequence = 3")  # noqa: S608


@pytest.mark.parametrize(
    ("act", "kind", "place"),
    [
        pytest.param(set_event("action", "'copy'"), "altered", "sequence 2", id="action"),
        pytest.param(set_event("actor_id", "NULL"), "altered", "sequence 2", id="actor"),
        pytest.param(set_event("at", "at - interval '1 s'"), "altered", "sequence 2", id="time"),
        pytest.param(set_event("mac", "'x'"), "altered", "sequence 2", id="mac"),
        pytest.param(
            lambda at: at.execute(f"DELETE FROM {EVENTS} WHERE {EVENT}", [2]),  # noqa: S608
            "missing", "sequence 2", id="event gone",
        ),
        pytest.param(unseal_one, "missing", "sequence 3", id="seal gone"),
        pytest.param(swap, "reordered", "sequence 2", id="swapped"),
        pytest.param(
            lambda at: at.execute(f"UPDATE {SEALS} SET hash = 'x' WHERE sequence = 5"),  # noqa: S608
            "reordered", "sequence 5", id="hash",
        ),
        pytest.param(cut_tail, "tail-cut", "sequence 6", id="tail"),
        pytest.param(empty_all, "tail-cut", "sequence 1", id="everything"),
        pytest.param(forge, "forged", "event", id="forged"),
    ],
)  # fmt: skip
def test_tampering_is_found_and_named(
    act: Callable[[Owner], object], kind: str, place: str
) -> None:
    sealed()
    tamper(act)

    code, line = verdict()

    assert code == 1
    assert line["verdict"] == "tampered"
    assert line["kind"] == kind
    assert line["place"].startswith(place)


def test_an_event_taken_out_before_it_was_sealed_leaves_a_gap() -> None:
    write(3)
    tamper(lambda at: at.execute(f"DELETE FROM {EVENTS} WHERE number = 2"))  # noqa: S608
    assert (verdict()[0], verdict()[1]["kind"]) == (1, "gap")

    sealer.seal_audit(SEALER)

    assert (verdict()[0], verdict()[1]["kind"]) == (1, "gap")


def test_a_forged_event_that_was_sealed_is_still_found() -> None:
    sealed()
    tamper(forge)
    sealer.seal_audit(SEALER)

    code, line = verdict()
    assert (code, line["kind"], line["place"]) == (1, "altered", "sequence 7")


def test_a_chain_made_anew_does_not_match_its_anchors() -> None:
    """Somebody with the whole database drops an event and lets the sealer begin again."""
    sealed(3, 3)

    def start_over(at: Owner) -> None:
        at.execute(f"DELETE FROM {EVENTS} WHERE {EVENT}", [2])  # noqa: S608
        at.execute(f"TRUNCATE {SEALS}")

    tamper(start_over)
    write(1)
    assert sealer.seal_audit(SEALER) == 6

    code, line = verdict()
    assert (code, line["kind"]) == (1, "anchor-mismatch")


def test_a_chain_anchored_again_under_the_same_number_is_found() -> None:
    sealed(4)

    def start_over(at: Owner) -> None:
        at.execute(f"DELETE FROM {EVENTS} WHERE {EVENT}", [4])  # noqa: S608
        at.execute(f"TRUNCATE {SEALS}")

    tamper(start_over)
    write(1)
    assert sealer.seal_audit(SEALER) == 4

    code, line = verdict()
    assert (code, line["kind"]) == (1, "anchor-mismatch")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.unlink(), id="gone"),
        pytest.param(lambda file: file.write_bytes(b""), id="emptied"),
        pytest.param(lambda file: file.write_bytes(b"not json\n"), id="not JSON"),
        pytest.param(lambda file: file.write_bytes(b"5\n"), id="a number"),
        pytest.param(lambda file: file.write_bytes(b'{"sequence": 3}\n'), id="unsigned"),
        pytest.param(
            lambda file: file.write_text(
                file.read_text().replace('"sequence":3', '"sequence":2'), encoding="utf-8"
            ),
            id="number changed",
        ),
        pytest.param(
            lambda file: file.write_text(
                '{"sequence":3,"hash":"00","at":"2024","mac":"ä"}\n', encoding="utf-8"
            ),
            id="signed by somebody else",
        ),
    ],
)
def test_without_its_anchors_nothing_is_decided(
    settings: Settings, spoil: Callable[[Path], object]
) -> None:
    sealed()
    spoil(anchors(settings))

    code, line = verdict()

    assert code == 2
    assert line["verdict"] == "cannot decide"
    assert line["kind"] == "anchor-unreadable"


def test_a_sealer_that_stands_still_is_noticed() -> None:
    write(1)
    with acting_as(SEALER):
        row = AuditEvent.objects.get()
    # The event as it would look two minutes later, signed for that time.
    row.at -= 2 * sealer.UNSEALED_ALARM
    values = [row.at, audit.mac(row)]
    tamper(lambda at: at.execute(f"UPDATE {EVENTS} SET at = %s, mac = %s", values))  # noqa: S608

    code, line = verdict()
    assert (code, line["kind"]) == (2, "unsealed")


def test_every_batch_is_anchored_for_its_owner_alone(settings: Settings) -> None:
    sealed(2, 1, 4)

    lines = [json.loads(line) for line in anchors(settings).read_text().splitlines()]

    assert [line["sequence"] for line in lines] == [2, 3, 7]
    assert anchors(settings).stat().st_mode & 0o777 == 0o600


def test_a_second_sealer_waits_for_the_next_round() -> None:
    write(2)
    with login() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sealer.LOCK])
        assert sealer.seal_audit(SEALER) == 0
    assert sealer.seal_audit(SEALER) == 2


def test_sealers_and_writers_at_once_make_one_chain() -> None:
    def work(number: int) -> int:
        try:
            if number % 2:
                write(15)
                return 0
            return sum(sealer.seal_audit(SEALER) for _ in range(10))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        done = sum(pool.map(work, range(6)))
    done += sealer.seal_audit(SEALER)

    assert done == 45
    with acting_as(SEALER):
        sequences = list(AuditSeal.objects.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, 46))
    assert verdict()[0] == 0


def test_verifying_costs_no_more_for_each_event_of_many() -> None:
    few, many = _verified(300), _verified(1500)

    # Six times as many in all take six times as long, and half as much again for chance.
    assert many < few * 9


def _verified(more: int) -> float:
    """Seconds of processor that verifying all takes after so many more events were sealed."""
    with acting_as(SEALER):
        for _ in range(more):
            note("read", subject="Record/1")
    while sealer.seal_audit(SEALER):
        pass
    began = time.process_time()
    code, line = verdict()
    assert (code, line["events"] >= more) == (0, True)
    return time.process_time() - began


def wind_back(at: Owner) -> None:
    """What a restore does: the trail ends earlier than its anchors say."""
    late = f"FROM {SEALS} WHERE sequence > 3"
    at.execute(f"DELETE FROM {EVENTS} WHERE id IN (SELECT event_id {late})")  # noqa: S608
    at.execute(f"DELETE {late}")


def test_a_trail_wound_back_on_purpose_is_noted_beside_its_anchors() -> None:
    sealed(3, 3)
    tamper(wind_back)
    assert verdict()[1]["kind"] == "tail-cut"

    sealer.note_restored(SEALER)
    write(2)  # by the same process, whose own numbers go on behind a hole
    sealer.seal_audit(SEALER)

    code, line = verdict()
    assert (code, line["kind"], line["events"]) == (0, "", 5)
    tamper(lambda at: at.execute(f"DELETE FROM {SEALS} WHERE sequence = 5"))  # noqa: S608
    assert verdict()[1]["kind"] == "tail-cut"


def test_nobody_without_the_key_can_say_that_a_trail_was_wound_back(settings: Settings) -> None:
    sealed(3, 3)
    tamper(wind_back)
    path = Path(settings.PHR_AUDIT_ANCHOR_FILE)
    line = json.loads(path.read_bytes().splitlines()[0])
    with path.open("a") as out:
        out.write(json.dumps({**line, "restored": True}) + "\n")

    assert verdict()[1]["kind"] == "anchor-unreadable"
