"""Every official FHIR R4 example and IPS bundle is taken, or refused for a good reason."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import settings

from phr.box import parse
from phr.formats.data import make_schema
from phr.formats.parsed import Parsed, Refused
from tests.phr.formats.reading import read
from tests.worlds import official

pytestmark = pytest.mark.slow
# Else every fourth of the examples, and what is refused.
THOROUGH = settings.get_current_profile_name() == "thorough"

# Not FHIR, nothing to keep, or really against the standard; no clinical example is among them.
REFUSED = {
    "resourceType is missing": {
        "package.json",
        "openapi/ips-server.openapi.json",
        "other/validation-summary.json",
    },
    "a message between systems": {
        f"OperationOutcome-{n}.json"
        for n in (
            *("101", "allok", "break-the-glass", "exception", "searchfail", "validationfail"),
        )
    },
    "OperationOutcome.issue is missing": {"other/validation-oo.json"},
    "CodeSystem.concept[74].code is not a correct code": {
        "Bundle-v2-valuesets.json",
        "CodeSystem-v2-0550.json",
    },
    "ImplementationGuide.name is missing": {"ImplementationGuide-fhir.json", "ig-r4.json"},
    "Questionnaire.item[0].item[0].linkId is missing": {"Questionnaire-qs1.json"},
    "SearchParameter.id is not an id": {
        "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json"
    },
    "SearchParameter.base is missing": {
        f"SearchParameter-{s}-extensions-{kind}-{n}.json"
        for s, kind in (("codesystem", "CodeSystem"), ("valueset", "ValueSet"))
        for n in ("author", "effective", "end", "keyword", "workflow")
    },
}


def outcomes(files: Iterable[tuple[str, bytes]]) -> tuple[Counter[str], dict[str, str]]:
    """Kept resources by type, and refused files with their sentences. Anything else is a crash."""
    kept: Counter[str] = Counter()
    refused: dict[str, str] = {}
    for name, raw in files:
        try:
            found = [each for each in read(raw, name) if isinstance(each, Parsed)]
        except Refused as refusal:
            refused[name] = refusal.sentence
            continue
        kept.update(each.resource_type for each in found)
        for each in found:
            assert orjson.loads(each.body)["resourceType"] == each.resource_type
    return kept, refused


def chosen(package: str) -> Iterator[tuple[str, bytes]]:
    known = set().union(*REFUSED.values())
    for number, (name, raw) in enumerate(official.files(package)):
        if THOROUGH or package == official.IPS or number % 4 == 0 or name in known:
            yield name, raw


@pytest.mark.parametrize(("package", "least"), [(official.EXAMPLES, 5250), (official.IPS, 150)])
def test_every_example_is_taken_or_refused_for_a_known_reason(package: str, least: int) -> None:
    kept, refused = outcomes(chosen(package))
    assert kept.total() >= (least if THOROUGH or package == official.IPS else least / 5)
    assert min(kept[kind] for kind in ("Patient", "Observation", "Condition")) >= 3
    known = {name: reason for reason, names in REFUSED.items() for name in names}
    assert {n: s for n, s in refused.items() if known.get(n, "nothing") not in s} == {}


def test_patient_summaries_come_through_the_box_whole() -> None:
    documents = [raw for name, raw in official.files(official.IPS) if "/Bundle-" in name]
    assert len(documents) >= 3
    for raw in documents:
        kept = [each for each in parse([raw], filename="ips.json") if isinstance(each, Parsed)]
        assert len(kept) == len(orjson.loads(raw)["entry"])
        assert all(each.identity for each in kept)


def test_the_committed_schema_is_what_its_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "made.gz"
    make_schema.main(
        str(official.package(official.SCHEMA)), str(official.package(official.EXAMPLES)), str(made)
    )
    committed = Path(make_schema.__file__).with_name("r4.schema.json.gz")
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(committed.read_bytes())
