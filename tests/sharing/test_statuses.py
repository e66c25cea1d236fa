"""The signed lists of ended permissions, decoded here by hand as the draft writes it."""

import json
import re
import zlib
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, System
from sharing import statuses
from sharing.leaving import forget_patient
from sharing.models import Grant, Notice, StatusList
from sharing.services import attestations, granting
from sharing.services import statuses as lists
from sharing.services.replaying import replay_revocations
from tests.cast import ORDINARY, PURGER, Cast
from tests.doors import sign_in, text
from tests.raw import as_owner, login, open_walls
from tests.sharing.test_attestations import copy

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
JOB = Actor.job(System.MAIL)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Lists short enough to be looked through entry by entry, and due at once."""
    monkeypatch.setattr(statuses, "SIZE", 256)
    monkeypatch.setattr(statuses, "PERMISSIONS", 128)
    settings.PHR_STATUS_SECONDS = 0
    with login() as owner:
        owner.execute("SELECT setval('sharing_grant_serial', 0, false)")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def bit(lst: str, index: int) -> int:
    """Sections 4.1 and 8.3 of the draft: inflate, find the byte, shift."""
    return zlib.decompress(raw(lst))[index // 8] >> (index % 8) & 1


def token(number: int = 0) -> tuple[dict[str, object], dict[str, object], str]:
    with acting_as(Actor()):
        told = StatusList.objects.get(pk=number).token
    header, claims, _ = told.split(".")
    return json.loads(raw(header)), json.loads(raw(claims)), told


def told_of(cast: Cast, grant_id: UUID) -> int:
    status = lists.status(cast.alice, grant_id)
    number = int(status.uri.rpartition("/")[2])
    claims = token(number)[1]
    assert claims["sub"] == status.uri
    return bit(claims["status_list"]["lst"], status.index)  # type: ignore[index]


def test_the_example_of_the_draft_is_packed_and_read_as_there() -> None:
    """Section 4.1, one bit: entries 0 to 15 are the bytes B9 A3 (in binary, lowest first)."""
    entries = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    packed = bytes(
        sum(value << place for place, value in enumerate(entries[start : start + 8]))
        for start in (0, 8)
    )
    assert packed == b"\xb9\xa3"
    assert [bit(statuses.compressed(packed), one) for one in range(16)] == entries
    # The `lst` that stands in the draft was made by somebody else's program.
    assert [bit("eNrbuRgAAhcBXQ", one) for one in range(16)] == entries


def test_an_ended_permission_is_invalid_and_the_others_are_not(cast: Cast) -> None:
    kept, ended = cast.share(), cast.share()
    lists.sign_due(JOB)
    assert (told_of(cast, kept), told_of(cast, ended)) == (0, 0)

    granting.revoke(cast.alice, ended)
    lists.sign_due(JOB)
    assert (told_of(cast, kept), told_of(cast, ended)) == (0, 1)


def test_what_ended_by_itself_is_invalid(cast: Cast) -> None:
    over, kept = cast.share(), cast.share()
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=over).update(ends_at=timezone.now())

    lists.sign_due(JOB)

    assert (told_of(cast, over), told_of(cast, kept)) == (1, 0)


def test_the_token_is_signed_with_the_published_key(cast: Cast, client: Client) -> None:
    cast.share()
    lists.sign_due(JOB)
    header, claims, told = token(lists_of(cast))

    (key,) = client.get("/.well-known/status-lists/jwks.json").json()["keys"]
    assert (header["typ"], header["alg"], header["kid"]) == ("statuslist+jwt", "ES256", key["kid"])
    assert "d" not in key
    signing, _, signature = told.rpartition(".")
    x, y, r, s = (
        int.from_bytes(one) for one in (raw(key["x"]), raw(key["y"]), raw(signature)[:32],
                                        raw(signature)[32:])
    )  # fmt: skip
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), signing.encode(), ec.ECDSA(SHA256()))
    assert set(claims) == {"iss", "sub", "iat", "exp", "ttl", "status_list"}
    assert claims["status_list"]["bits"] == 1  # type: ignore[index]


def lists_of(cast: Cast) -> int:
    with acting_as(cast.alice):
        serial = Grant.objects.latest("serial").serial
    return int(serial) // statuses.PERMISSIONS


def test_the_list_is_served_to_anybody_and_may_be_kept(
    cast: Cast, client: Client, settings: Settings
) -> None:
    cast.share()
    lists.sign_due(JOB)
    settings.PHR_STATUS_SECONDS = 300
    address = f"/.well-known/status-lists/{lists_of(cast)}"

    answer = client.get(address)
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = client.get(address, headers={"if-none-match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/.well-known/status-lists/999999").status_code == 404
    assert "Set-Cookie" not in answer.headers


def test_neighbours_are_strangers_and_every_index_is_used_once() -> None:
    places = [statuses.place(serial) for serial in range(128)]
    assert len({index for _, index in places}) == 128
    assert statuses.place(128)[0] == 1
    near = sum(abs(a[1] - b[1]) == 1 for a, b in pairwise(places))
    assert near < 10


def test_what_was_erased_stays_ended_and_what_is_to_come_has_not() -> None:
    packed = statuses.bits(0, {0, 2}, 3, NOW)
    own = [statuses.place(serial)[1] for serial in range(128)]
    assert [packed[index // 8] >> (index % 8) & 1 for index in own[:4]] == [0, 1, 0, 0]


def test_decoys_never_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statuses, "SIZE", 2048)
    monkeypatch.setattr(statuses, "PERMISSIONS", 1024)
    first, later = (
        int.from_bytes(statuses.bits(0, set(), 0, at))
        for at in (NOW, datetime(2029, 1, 1, tzinfo=UTC))
    )
    assert 0 < first.bit_count() < later.bit_count() < 1024
    assert first & ~later == 0


def test_a_restored_backup_ends_it_again_in_the_list(cast: Cast) -> None:
    grant_id = cast.share()
    granting.revoke(cast.alice, grant_id)
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=grant_id).update(revoked_at=None)
    lists.sign_due(JOB)
    assert told_of(cast, grant_id) == 0

    assert replay_revocations(Actor.job(System.RECONCILE)) == 1
    lists.sign_due(JOB)
    assert told_of(cast, grant_id) == 1


def test_after_a_restore_no_index_is_given_a_second_time(cast: Cast) -> None:
    """A permission given since the backup is lost with its row; who copied keeps looking there."""
    kept, lost = cast.share(), cast.share(email="bob@example.org")
    place = lists.status(cast.alice, lost)
    open_walls()
    with as_owner(), connection.cursor() as cursor:
        last = Grant.objects.get(pk=kept).serial
        Notice.objects.filter(grant=lost).delete()
        Grant.objects.filter(pk=lost).delete()
        cursor.execute("SELECT setval('sharing_grant_serial', %s)", [last])
        cursor.execute(*statuses.gap())
        (fresh,) = cursor.fetchone() or (0,)
    lists.leave_gap(Actor.job(System.RECONCILE), fresh)

    after = cast.share()
    lists.sign_due(JOB)

    assert lists.status(cast.alice, after) != place
    assert [told_of(cast, one) for one in (kept, after)] == [0, 0]
    number = int(place.uri.rpartition("/")[2])
    assert bit(token(number)[1]["status_list"]["lst"], place.index) == 1  # type: ignore[index]
    with as_owner():
        assert Grant.objects.get(pk=after).serial == fresh
        assert statuses.place(fresh)[0] >= number + 2


def test_an_erased_patient_leaves_no_valid_entry(cast: Cast) -> None:
    grant_id = cast.share()
    lists.sign_due(JOB)
    status = lists.status(cast.alice, grant_id)
    assert forget_patient(PURGER, cast.alice_id) == 1
    lists.sign_due(JOB)

    number = int(status.uri.rpartition("/")[2])
    assert bit(token(number)[1]["status_list"]["lst"], status.index) == 1  # type: ignore[index]


def place_on(page: str) -> tuple[int, int]:
    """The list and the entry that a page tells, once."""
    ((index, number),) = re.findall(r"entry (\d+) of <a [^>]*/status-lists/(\d+)\"", page)
    return int(number), int(index)


def test_who_copied_is_told_where_it_stands_while_it_goes_on_and_after(cast: Cast) -> None:
    """Who may only look is told nothing, nor is anybody told of another's permission."""
    grant_id = cast.share()
    cast.share(ORDINARY)
    granting.accept(cast.carol, granting.grant(cast.alice, "carol@example.org", scope=ORDINARY))
    copy(cast, grant_id)
    bob = sign_in("bob@example.org")
    before = place_on(text(bob.get("/shared/")))
    granting.revoke(cast.alice, grant_id)

    assert "status-lists" not in text(bob.get("/shared/"))
    assert "status-lists" not in text(sign_in("carol@example.org").get("/shared/"))
    (asked,) = attestations.asked_of_me(cast.bob)
    for address in ("/shared/copies/", f"/shared/copies/{asked.row.pk}/"):
        assert place_on(text(bob.get(address))) == before
    lists.sign_due(JOB)
    number, index = before
    assert bit(token(number)[1]["status_list"]["lst"], index) == 1  # type: ignore[index]
    told = lists.status(cast.alice, grant_id)
    assert (told.index, told.uri.rpartition("/")[2]) == (index, str(number))
