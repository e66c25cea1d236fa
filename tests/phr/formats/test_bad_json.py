"""JSON that is broken, endless or hostile: one clear sentence each, in bounded time."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from phr.box import parse
from phr.display import describe
from phr.formats.parsed import Limits, Parsed, Refused
from tests.phr.formats.reading import kept, observation, refusal

HEAD = b'{"resourceType":"Bundle","type":"collection","entry":['
ENTRY = b'{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}'
BASIC = '{"resourceType":"Basic","code":{"text":"x"}}'
HOSTILE = (
    "<script>alert(1)</script>\u202e\u2066\x00\x1b[2J'); DROP TABLE phr_record;-- =1+1 {{7*7}}"
)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (BASIC.replace("}}", ',"text":"y"}}').encode(), 'gives "text" twice'),
        (HEAD + b'{"resource":{"resourceType":"Basic","resourceType":"Patient"}}]}', "twice"),
        (BASIC.replace('"x"', "NaN").encode(), "has NaN where a number belongs"),
        (BASIC.replace('"x"', "-Infinity").encode(), "has -Infinity where a number belongs"),
        (BASIC.replace('"x"', "1e999").encode(), "has a number that is too large"),
        (BASIC.replace('"x"', "1" * 5000).encode(), "has a number with too many digits"),
        (BASIC.replace("x", "\\ud800").encode(), "half of a character"),
        (BASIC.replace('"code"', '"\\ud800"').encode(), "half of a character"),
        (BASIC.encode().replace(b"x", b"\xed\xa0\x80"), "is not UTF-8 text"),
        (BASIC.replace("x", "\xe9").encode("latin-1"), "is not UTF-8 text"),
        (("\ufeff" + BASIC).encode("utf-16-le"), "This is UTF-16 text"),
        (("\ufeff" + BASIC).encode("utf-16-be"), "This is UTF-16 text"),
        (BASIC.encode("utf-16-le"), "This is UTF-16 text"),
        (BASIC.encode("utf-16-be"), "This is UTF-16 text"),
        (("\ufeff" + BASIC).encode("utf-32"), "This is UTF-16 text"),
        (BASIC.encode().replace(b"x", b"a\x01b"), "is not correct JSON"),
        (BASIC.encode() + b"\x00", "more text after the end"),
        (BASIC.encode()[:-3], "it is cut off in the middle"),
        (BASIC.replace('"', "'").encode(), "is not correct JSON"),
        (BASIC.replace("}}", "},}").encode(), "is not correct JSON"),
    ],
)
def test_one_clear_sentence(raw: bytes, sentence: str) -> None:
    said = refusal(raw, "file.json")
    assert sentence in said
    assert said.endswith(".")
    assert len(said) < 250


def test_a_byte_order_mark_of_utf8_is_let_pass() -> None:
    assert len(kept(("\ufeff" + BASIC).encode())) == 1


def million() -> Iterator[bytes]:
    yield HEAD
    for _ in range(1000):
        yield (ENTRY + b",") * 1000
    yield ENTRY + b"]}"


@pytest.mark.parametrize(
    ("chunks", "sentence"),
    [
        (million(), "The file has more than 20000 entries, the most that are taken."),
        ([b'{"resourceType":"Basic","x":', b"[" * 5_000_000], "nested more than 64 levels deep"),
        ([b'{"resourceType":"Basic","x":', b'{"a":' * 500_000], "nested more than 64 levels deep"),
        ([b'{"resourceType":"Basic","x":"', *[b"a" * 1_000_000] * 30], "larger than 10 MB"),
        ([b'{"', *[b"a" * 1_000_000] * 30], "larger than 10 MB"),
        ([b'{"resourceType":"Basic","x":1.', b"1" * 5_000_000, b"}"], "Basic.code is missing"),
    ],
)
def test_endless_files_end_soon(chunks: Any, sentence: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        list(parse(chunks, filename="file.json", limits=Limits(max_entries=20_000)))
    assert sentence in refused.value.sentence
    assert time.perf_counter() - began < 20


def strings(node: Any) -> Any:
    """The same with a hostile text in every place where a text of any kind may stand."""
    if isinstance(node, dict):
        free = ("text", "display", "valueString", "unit", "value")
        return {
            k: HOSTILE if k in free and isinstance(v, str) else strings(v) for k, v in node.items()
        }
    return [strings(each) for each in node] if isinstance(node, list) else node


def test_hostile_texts_are_kept_to_the_letter_and_shown_as_plain_text() -> None:
    resource = strings(
        observation(
            code={"text": "x", "coding": [{"display": "x"}]},
            subject={"display": "x"},
            performer=[{"display": "x"}],
            note=[{"text": "x"}],
            component=[{"code": {"text": "x"}, "valueString": "x"}],
            valueQuantity={"value": 1, "unit": "x"},
            identifier=[{"value": "x"}],
        )
    )
    (item,) = kept(json.dumps(resource).encode())
    assert json.loads(item.body) == resource
    assert not {"\x00", "\x1b", "\u202e", "\u2066"} & set("".join(item.terms + item.head))
    shown = describe(resource)
    said = "".join((shown.title, shown.note, *(name + text for name, text in shown.facts)))
    assert "<script>" in said
    assert not {"\x00", "\x1b", "\u202e", "\u2066"} & set(said)


def test_r4b_is_read_and_other_versions_are_named() -> None:
    capable = {
        "resourceType": "CapabilityStatement", "status": "active", "date": "2024",
        "kind": "instance", "format": ["json"],
    }  # fmt: skip
    assert len(kept({**capable, "fhirVersion": "4.3.0"})) == 1
    said = refusal({**capable, "fhirVersion": "5.0.0"})
    assert said == ("CapabilityStatement is about FHIR R5; only R4 is read: ask for it as FHIR R4.")
    assert isinstance(kept({**capable, "fhirVersion": "4.0.1"})[0], Parsed)
