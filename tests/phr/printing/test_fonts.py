"""Which characters the portal can print."""

import struct
from pathlib import Path

import pytest

from phr.printing import fonts

SENTENCES = {
    "Latin": "Zażółć gęślą jaźń. Příliš žluťoučký. Viêt Nam. ≥ ≤ ± µg ² °C → ✓ ½ €",
    "Greek": "Υπέρταση, ἀρτηριακὴ πίεσις",
    "Cyrillic": "Гипертоническая болезнь, їжак, Ђорђе",
    "Arabic": "شهادة التطعيم، گچپژ ٱلْعَرَبِيَّة",
    "Hebrew": "יתר לחץ דם",
    "Devanagari": "उच्च रक्तचाप क्षत्रिय",
    "Bengali": "উচ্চ রক্তচাপ",
    "Gurmukhi": "ਹਾਈ ਬਲੱਡ ਪ੍ਰੈਸ਼ਰ",
    "Gujarati": "હાઈ બ્લડ પ્રેશર",
    "Tamil": "உயர் இரத்த அழுத்தம்",
    "Telugu": "అధిక రక్తపోటు",
    "Kannada": "ಅಧಿಕ ರಕ್ತದೊತ್ತಡ",
    "Malayalam": "ഉയർന്ന രക്തസമ്മർദ്ദം",
    "Sinhala": "අධි රුධිර පීඩනය",
    "Thai": "ความดันโลหิตสูง",
    "Lao": "ຄວາມດັນເລືອດສູງ",
    "Khmer": "លើសឈាម",
    "Myanmar": "သွေးတိုး",
    "Georgian": "ჰიპერტენზია",
    "Armenian": "Հիպերտոնիա",
    "Ethiopic": "ከፍተኛ የደም ግፊት",
    "Chinese": "高血压 高血壓 药物过敏",
    "Japanese": "高血圧 アレルギー ひらがな",
    "Korean": "고혈압 알레르기",
}


@pytest.fixture(scope="module")
def covered() -> set[int]:
    return fonts.coverage(fonts.files([]))


@pytest.mark.parametrize("script", SENTENCES)
def test_the_scripts_people_write_in(covered: set[int], script: str) -> None:
    assert [one for one in SENTENCES[script] if ord(one) not in covered] == []


def test_what_no_font_has_is_known(covered: set[int]) -> None:
    assert not covered & {0x1F600, 0xF0000, 0x10FFFF, 0xD800}
    assert 0xFFFD in covered


def test_both_tables_of_a_font_say_the_same() -> None:
    """Format 4 and format 12 stand side by side in a font, and for the plane they share agree."""
    data = (fonts.OURS / "NotoSans-Regular.ttf").read_bytes()
    (found,) = fonts._font_starts(data)
    tables = {
        tag: offset
        for tag, _, offset, _ in struct.iter_unpack(">4sIII", data[found + 12 : found + 12 + 160])
    }
    at = tables[b"cmap"]
    kinds = {}
    for number in range(struct.unpack_from(">H", data, at + 2)[0]):
        offset = at + struct.unpack_from(">HHI", data, at + 4 + 8 * number)[2]
        kinds[struct.unpack_from(">H", data, offset)[0]] = offset
    short, long = set(fonts._segments(data, kinds[4])), set(fonts._groups(data, kinds[12]))

    assert len(short) > 2000
    assert short == {point for point in long if point < 0xFFFF}


def test_a_collection_is_read_font_by_font(tmp_path: Path) -> None:
    """OpenType collections (.ttc), as Debian's CJK fonts come in."""
    thai = (fonts.OURS / "NotoSansThai-Regular.ttf").read_bytes()
    head = struct.pack(">4sIII", b"ttcf", 0x00010000, 1, 16)
    tables = bytearray(thai)
    for place in range(12, 12 + 16 * struct.unpack_from(">H", thai, 4)[0], 16):
        (offset,) = struct.unpack_from(">I", tables, place + 8)
        struct.pack_into(">I", tables, place + 8, offset + len(head))
    (tmp_path / "thai.ttc").write_bytes(head + tables)

    found = fonts.files([str(tmp_path)])
    assert tmp_path / "thai.ttc" in found
    assert fonts.coverage([tmp_path / "thai.ttc"]) == fonts.coverage(
        [fonts.OURS / "NotoSansThai-Regular.ttf"]
    )


def test_what_is_no_font_has_no_letters(tmp_path: Path) -> None:
    whole = (fonts.OURS / "NotoSansThai-Regular.ttf").read_bytes()
    for number, data in enumerate((b"", b"ttcf", b"no font at all", whole[:200], whole[:4000])):
        (tmp_path / f"{number}.ttf").write_bytes(data)
    (tmp_path / "words.txt").write_bytes(whole)

    broken = [path for path in fonts.files([str(tmp_path)]) if path.parent == tmp_path]
    assert len(broken) == 5
    assert fonts.coverage(broken) <= fonts.coverage([fonts.OURS / "NotoSansThai-Regular.ttf"])
    assert fonts.coverage([tmp_path / "gone.ttf"]) == set()
