"""The wire between box and parent: round trips, and nothing outside the protocol believed."""

import struct
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.formats.frames import BadFrame, Decoder, Done, Want, encode
from phr.formats.parsed import Output, Parsed, Piece, Preview, Progress, Refused, Skipped
from phr.formats.restored import MOST_VERSIONS, Earlier, Kept, Made, Origin, Sent, Stored

text = st.text(st.characters(codec="utf-8"), max_size=20)
texts = st.lists(text, max_size=3).map(tuple)
numbers = st.integers(0, 2**40)
versions = st.integers(1, MOST_VERSIONS)
counts = st.integers(1, 2**31 - 1)
instants = st.datetimes(
    datetime(1800, 1, 1),  # noqa: DTZ001 - the zone is given beside it
    datetime(2200, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.isoformat())
origins = st.builds(Origin, versions, instants, text, text, text, text)
outputs = st.one_of(
    st.builds(
        Parsed,
        resource_type=text,
        category=text,
        effective_at=st.none() | text,
        labels=texts,
        identity=st.none() | text,
        digest=text,
        terms=texts,
        place=text,
        body=st.binary(max_size=50),
        attachments=st.lists(numbers, max_size=2).map(tuple),
    ),
    st.builds(Preview, st.just("image/png"), st.binary(max_size=50), text),
    st.builds(Progress, numbers, st.none() | numbers, st.sampled_from(["bytes", "entries"])),
    st.builds(Skipped, text, text),
    st.builds(Piece, st.binary(max_size=50), text, text, st.booleans()),
    st.builds(Want, numbers, st.integers(1, 2**20)),
    st.builds(
        Kept, versions, texts, st.booleans(), st.booleans(), instants, instants, instants,
        st.lists(st.tuples(text, text), max_size=2).map(tuple), texts,
        st.lists(origins, max_size=2).map(tuple), texts,
    ),
    st.builds(Earlier, versions, instants, st.binary(max_size=50)),
    st.builds(
        Sent, text, text, text, instants, instants,
        st.lists(st.tuples(text, counts), max_size=2).map(tuple),
        st.tuples(counts, counts, counts, counts),
    ),
    st.builds(Stored, text, st.booleans()),
    st.builds(Made, text, text),
)  # fmt: skip


@pytest.mark.property
@given(st.lists(outputs, max_size=5), st.integers(1, 40))
def test_what_goes_in_comes_out_however_it_is_cut(items: list[Output | Want], step: int) -> None:
    raw = b"".join(map(encode, items))
    decoder = Decoder(1000)
    found = [i for at in range(0, len(raw), step) for i in decoder.feed(raw[at : at + step])]
    assert found == items


def test_the_last_words() -> None:
    refused, done = Decoder(9).feed(encode(Refused("No.")) + encode(Done()))
    assert isinstance(refused, Refused)
    assert refused.sentence == "No."
    assert isinstance(done, Done)


def frame(head: object, payload: bytes = b"") -> bytes:
    raw = orjson.dumps(head)
    return struct.pack(">II", len(raw), len(payload)) + raw + payload


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack(">II", 2**31, 0),
        struct.pack(">II", 2, 2**31) + b"[]",
        struct.pack(">II", 3, 0) + b"{[}",
        frame([]),
        frame(["X"]),
        frame({"P": 1}),
        frame(["S", 1, "x"]),
        frame(["S", "x"]),
        frame(["R", None]),
        frame(["G", "1", None, "bytes"]),
        frame(["G", True, None, "bytes"]),
        frame(["G", 1, None, "miles"]),
        frame(["V", "text/html", "x"], b"<script>"),
        frame(["C", [], [], []]),
        frame(["C", [1], [], {}]),
        frame(["W", -1, 5]),
        frame(["W", 0, 0]),
        frame(["W", "0", 5]),
        frame(["E", 0, "2024-01-01T00:00:00Z"], b"{}"),
        frame(["E", 2**31, "2024-01-01T00:00:00Z"], b"{}"),
        frame(["E", 1, "2024-01-01T00:00:00"], b"{}"),
        frame(["E", 1, "yesterday"], b"{}"),
        frame(["F", "a", 1]),
        frame(["U", "a", "", "", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", [], [1, 2, 3]]),
        frame(["K", 1, [], False, False]),
        frame(["P", "Basic", "other", 3, [], None, "", [], "", []]),
        frame(["P", "Basic", "other", None, [1], None, "", [], "", []]),
        frame(["P", "Basic", "other", None, [], None, "", [], "", ["x"]]),
        frame(["P", "Basic", "other", None, None, None, "", [], "", []]),
    ],
)
def test_a_box_that_lies(raw: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Decoder(1000).feed(raw))


@pytest.mark.property
@given(st.binary(max_size=60))
def test_noise_is_never_more_than_a_bad_frame(raw: bytes) -> None:
    with suppress(BadFrame):
        assert list(Decoder(1000).feed(raw)) == []
