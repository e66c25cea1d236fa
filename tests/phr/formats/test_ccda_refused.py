"""C-CDA documents nobody should have to survive, and what is said about them."""

import time

import pytest

from phr.box import parse
from phr.formats.parsed import Limits, Refused
from tests.phr.formats.reading import kept, read, refusal
from tests.worlds.ccda import RICH, document, section

_ENTITIES = '<!DOCTYPE ClinicalDocument [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
_BODY = "<structuredBody><component><section><text>x</text></section></component></structuredBody>"


def _wrapped(attributes: str, inside: str) -> bytes:
    return document(f"<nonXMLBody><text {attributes}>{inside}</text></nonXMLBody>")


@pytest.mark.parametrize(
    "before",
    [
        "<!DOCTYPE ClinicalDocument>",
        '<?xml version="1.0"?>\n<!-- <a> --><!DOCTYPE ClinicalDocument SYSTEM "file:///etc/passwd">',
        _ENTITIES,
        " " * 5000 + "<!DOCTYPE ClinicalDocument>",
    ],
)
def test_no_document_type_and_no_entities(before: str) -> None:
    whole = before.encode() + document(_BODY)
    if len(before) > 4096:
        whole = b"<!--ClinicalDocument <ClinicalDocument >-->" + whole
    assert "document type or entities" in refusal(whole)


def test_an_entity_nobody_declared() -> None:
    assert "not correct XML" in refusal(section("<text>&bomb;</text>"))


def test_a_comment_that_looks_like_a_document_type() -> None:
    assert kept(document(_BODY, before="<!-- <!DOCTYPE x> -->"))


@pytest.mark.parametrize("depth", [80, 100_000])
def test_deep_nesting(depth: int) -> None:
    started = time.monotonic()
    deep = section("<text>" + "<content>" * depth + "</content>" * depth + "</text>")
    assert refusal(deep) == "The file is nested more than 64 levels deep."
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (RICH[:-2000], "cut off"),
        (RICH[:5000], "cut off"),
        (RICH.replace(b"Example</family>", b"Ex\xe4mple</family>"), "not written in the encoding"),
        (RICH.replace(b'encoding="UTF-8"', b'encoding="UTF-7"'), "encoding that is not read"),
        (RICH.replace(b"Watch", b"Wa\x01tch"), "not correct XML"),
        (RICH.replace(b"Watch", b"Wa&#1;tch"), "not correct XML"),
        (RICH.replace(b"</title>", b"</titel>", 1), "not correct XML"),
        (RICH.replace(b"urn:hl7-org:v3", b"urn:hl7-org:v2"), "does not begin as a C-CDA"),
        (RICH + b"<more/>", "not correct XML"),
        (_wrapped('representation="B64"', "JVBERi0"), "damaged or empty"),
        (_wrapped('representation="B64"', "JVBERi0="), "which version"),
        (_wrapped("", " "), "damaged or empty"),
        (_wrapped("", '<reference value="scan.pdf"/>'), "not in it"),
        (document(""), "no body"),
        (document(_BODY).replace(b"recordTarget", b"somebody"), "whom it is about"),
    ],
)
def test_one_sentence_for_each(data: bytes, sentence: str) -> None:
    said = refusal(data)
    assert sentence in said
    assert "Example" not in said
    assert "Watch" not in said


def test_other_encodings_of_one_byte() -> None:
    data = RICH.replace(b"UTF-8", b"ISO-8859-1").replace(b"Example</f", b"Ex\xe4mple</f")
    assert read(data)[0].names == ("Alice B. Exämple",)  # type: ignore[union-attr]


def test_too_many_entries() -> None:
    entry = "<entry><act nullFlavor='NI'/></entry>"
    many = section("<text>x</text>" + entry * 5000)
    said = refusal(many, limits=Limits(max_entries=1000))
    assert said == "The file has more than 1000 entries, the most that are taken."


def test_too_much_text_and_too_many_bytes() -> None:
    long = section(f"<text>{'<paragraph>word</paragraph>' * 20_000}</text>")
    assert "more than 0 MB of text" in refusal(long, limits=Limits(max_resource_bytes=100_000))
    assert "larger than" in refusal(long, limits=Limits(max_bytes=100_000))
    assert "a text or a value larger than" in refusal(section(f"<text>{'x' * 11_000_000}</text>"))


def test_the_locked_box_refuses_with_the_same_sentence() -> None:
    for data in (_ENTITIES.encode() + document(_BODY), RICH[:-2000], RICH.replace(b"Sum", b"\x02")):
        with pytest.raises(Refused) as refused:
            list(parse([data], filename="a.xml"))
        assert refused.value.sentence == refusal(data)
