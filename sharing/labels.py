"""Sensitivity labels: what a person may want to keep apart when sharing.

Source: HL7 v3-ActCode, _InformationSensitivityPolicy, carried in Resource.meta.security
(FHIR R4 Security Labels). N is the v3-Confidentiality code for ordinary health information.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sharing.rules import FILED, NESTED, TELLING, Rules
from sharing.said import MOST_LETTERS, MOST_TEXTS, narrative, said


class Sensitivity(StrEnum):
    """One label. The value is what is stored, `label` is what a person reads.

    ETH, PSY, HIV, SEX, GDIS and VIO are HL7 v3-ActCode codes: substance abuse, psychiatry, HIV/AIDS,
    sexuality and reproductive health, genetic disease, violence. N (v3-Confidentiality) marks a
    record that was checked and found ordinary; unclassified one that could hold anything.
    """

    N = "N"
    ETH = "ETH"
    PSY = "PSY"
    HIV = "HIV"
    SEX = "SEX"
    GDIS = "GDIS"
    VIO = "VIO"
    UNCLASSIFIED = "unclassified"

    @property
    def label(self) -> str:
        """What a person reads."""
        return _WORDS[self]


_WORDS: Final = {
    Sensitivity.N: "Ordinary",
    Sensitivity.ETH: "Alcohol and drug use",
    Sensitivity.PSY: "Mental health",
    Sensitivity.HIV: "HIV",
    Sensitivity.SEX: "Sexual health, pregnancy and birth",
    Sensitivity.GDIS: "Genetic conditions",
    Sensitivity.VIO: "Violence and abuse",
    Sensitivity.UNCLASSIFIED: "Not sorted",
}


_LABELS: Final = [
    (1 << at, label) for at, label in enumerate(Sensitivity) if label is not Sensitivity.N
]
_BIT: Final = {str(label): bit for bit, label in _LABELS}
_UNCLASSIFIED: Final = _BIT["unclassified"]
_RULES: Final = Rules(_BIT)
_SECURITY: Final = {**_BIT, **_RULES.security, "R": _UNCLASSIFIED, "V": _UNCLASSIFIED}
_DEEPEST: Final = 3
_LONGEST_DISPLAY: Final = 100
# The displays of a file repeat.
_of_display = lru_cache(maxsize=8192)(_RULES.of_text)


def suggest(resource: Mapping[str, Any]) -> list[Sensitivity]:
    """Suggest the labels of a FHIR R4 resource; never empty, in the order of `Sensitivity`.

    `resource` is parsed JSON of any shape; wrong types are read as absent, nothing is raised.
    Security tags already on it are honoured and never lower anything. Codes are looked up in
    data/sensitivity.toml, and so are the words of every text that a page may show. A coded resource
    that matches nothing is ordinary; one without codes, with codes alone of a system that nothing
    here knows, with more text than is read, or whose content is not read here (documents,
    pictures, attached reports), is unclassified until its owner has seen to it.
    """
    seen = _Seen()
    seen.walk(resource, 0)
    bits = seen.bits | _security(resource) | _worded(said(resource)) | _kind(resource)
    inner = resource.get("contained")
    for one in inner if isinstance(inner, list) else (inner,):
        if isinstance(one, dict):
            bits |= _kind(one)
    kind = resource.get("resourceType")
    known = seen.coded or (isinstance(kind, str) and kind in _RULES.ordinary)
    if not bits and not known:
        bits = _UNCLASSIFIED
    return [label for bit, label in _LABELS if bits & bit] or [Sensitivity.N]


def _kind(resource: Mapping[str, Any]) -> int:
    """What its type suggests, and its narrative: any page may show that."""
    name = resource.get("resourceType")
    if not isinstance(name, str):
        return 0
    bits = _RULES.types.get(name, 0)
    if name in _RULES.opaque or resource.get("presentedForm"):
        bits |= _UNCLASSIFIED
    for text in narrative(resource):
        bits |= _RULES.of_text(text)
    return bits


def _worded(texts: Mapping[str, None]) -> int:
    bits, letters = 0, 0
    for text in islice(texts, MOST_TEXTS):
        if len(text) < _LONGEST_DISPLAY:
            bits |= _of_display(text)
        elif letters < MOST_LETTERS:
            letters += len(text)
            bits |= _RULES.of_text(text)
    whole = len(texts) <= MOST_TEXTS and letters < MOST_LETTERS
    return bits if whole else bits | _UNCLASSIFIED


def _security(resource: Mapping[str, Any]) -> int:
    meta = resource.get("meta")
    tags = meta.get("security") if isinstance(meta, dict) else None
    bits = 0
    for tag in tags if isinstance(tags, list) else ():
        code = tag.get("code") if isinstance(tag, dict) else None
        if isinstance(code, str):
            bits |= _SECURITY.get(code, 0)
    return bits


class _Seen:
    """What its codes told while walking one resource: label bits, and whether anything was coded."""

    __slots__ = ("bits", "coded")

    def __init__(self) -> None:
        self.bits = 0
        self.coded = False

    def walk(self, node: Mapping[str, Any], depth: int) -> None:
        for name, value in node.items():
            role = _RULES.fields.get(name)
            if role is None:
                continue
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict):
                    if role & (TELLING | FILED):
                        self.concept(item, role)
                    if role & NESTED and depth < _DEEPEST:
                        self.walk(item, depth + 1)

    def concept(self, concept: Mapping[str, Any], role: int) -> None:
        """Read the codes of a CodeableConcept, a Coding or a Reference."""
        codings, text = concept.get("coding", concept), concept.get("text")
        named = isinstance(text, str) and bool(text)
        for coding in codings if isinstance(codings, list) else (codings,):
            if isinstance(coding, dict):
                self.coding(coding, role, named=named)

    def coding(self, coding: Mapping[str, Any], role: int, *, named: bool) -> None:
        code, system = coding.get("code"), coding.get("system")
        if not isinstance(code, str) or not code:
            return
        if role & TELLING and not self.coded:
            self.coded = named or isinstance(coding.get("display"), str) or _RULES.knows(system)
        if isinstance(system, str):
            self.bits |= _RULES.of_code(system, code)
