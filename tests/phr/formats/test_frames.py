"""The wire between box and parent: round trips, and nothing outside the protocol believed."""

import struct
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.formats.frames import BadFrame, Decoder, Done, encode
from phr.formats.parsed import Output, Parsed, Preview, Progress, Refused, Skipped

text = st.text(st.characters(codec="utf-8"), max_size=20)
texts = st.lists(text, max_size=3).map(tuple)
numbers = st.integers(0, 2**40)
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
)


@pytest.mark.property
@given(st.lists(outputs, max_size=5), st.integers(1, 40))
def test_what_goes_in_comes_out_however_it_is_cut(items: list[Output], step: int) -> None:
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
