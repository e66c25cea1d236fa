"""The FHIR R4 schema: is a resource valid, and if not, what to say about it.

Source: official R4 (4.0.1) JSON schema and profiles; see data/make_schema.py.
"""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs as jsonschema
import orjson

Json = dict[str, Any]

_FILE = Path(__file__).parent / "data" / "r4.schema.json.gz"
_SCHEMA: Json = orjson.loads(gzip.decompress(_FILE.read_bytes()))
_DEFINITIONS: dict[str, Json] = _SCHEMA["definitions"]
TYPES: frozenset[str] = frozenset(_SCHEMA["resources"])

_OTHER_VERSIONS = {
    "STU3": "BodySite DataElement DeviceComponent EligibilityRequest EligibilityResponse "
    "ExpansionProfile ImagingManifest ProcedureRequest ProcessRequest ProcessResponse "
    "ReferralRequest Sequence ServiceDefinition",
    "DSTU2": "Conformance DeviceUseRequest DiagnosticOrder ImagingObjectSelection "
    "MedicationOrder Order OrderResponse",
    "R5": "ActorDefinition ArtifactAssessment BiologicallyDerivedProductDispense "
    "ConditionDefinition DeviceAssociation DeviceDispense DeviceUsage EncounterHistory "
    "FormularyItem GenomicStudy ImagingSelection InventoryItem InventoryReport "
    "NutritionIntake Permission RequestOrchestration Requirements TestPlan Transport",
}
VERSION_OF = {kind: v for v, kinds in _OTHER_VERSIONS.items() for kind in kinds.split()}
# What every resource has (https://hl7.org/fhir/R4/resource.html), and a narrative.
_OF_ANY = {
    "id": "id",
    "meta": "Meta",
    "implicitRules": "uri",
    "language": "code",
    "text": "Narrative",
}
# What says of which version it is, and the versions that are not read; R4B (4.3.0) is.
_OF_A_VERSION = frozenset(("CapabilityStatement", "StructureDefinition"))
_READ_BY_NAME = {"1.0": "DSTU2", "3.0": "STU3", "5.0": "R5"}
_ONLY = "only R4 is read: ask for it as FHIR R4"
_NAME = re.compile(r"[A-Z][A-Za-z]{1,39}").fullmatch
# Members that R4 does not have, and the version that does.
_OLD_OR_NEW = {
    ("Observation", "context"): "STU3",
    ("Condition", "context"): "STU3",
    ("Procedure", "context"): "STU3",
    ("Procedure", "occurrenceDateTime"): "R5",
    ("MedicationRequest", "context"): "STU3",
    ("MedicationRequest", "medication"): "R5",
    ("MedicationStatement", "medication"): "R5",
    ("MedicationStatement", "taken"): "STU3",
    ("DiagnosticReport", "context"): "STU3",
    ("Encounter", "actualPeriod"): "R5",
    ("Immunization", "date"): "STU3",
    ("Immunization", "notGiven"): "STU3",
    ("DocumentReference", "class"): "STU3",
    ("DocumentReference", "indexed"): "STU3",
}
_KINDS = {
    "object": "an object in braces",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}
_COMPLAINTS = {
    "minItems": "is empty",
    "minLength": "is empty",
    "minProperties": "is empty",
    "minimum": "is too small a number",
    "maximum": "is too large a number",
    "const": "is not what it has to be here",
    "falseSchema": "stands beside another choice, and only one is allowed",
}
_SHAPES = {
    "date": "a real date such as 2024, 2024-03 or 2024-03-02",
    "dateTime": "a real date or time such as 2024-03-02 or 2024-03-02T10:00:00Z",
    "instant": "a real time such as 2024-03-02T10:00:00Z",
    "time": "a time of day such as 10:00:00",
    "id": "an id (letters, digits, - and ., at most 64)",
    "base64Binary": "base64",
}


def problem(resource: Json) -> str | None:
    """What is wrong with a resource of a known type, as "Observation.status is missing", or None.

    Looks into `contained` and `Parameters.parameter.resource` too.
    """
    kind = resource["resourceType"]
    if kind not in TYPES:
        return _unknown(kind, resource)
    if kind in _OF_A_VERSION and isinstance(said := resource.get("fhirVersion"), str):
        if version := _READ_BY_NAME.get(said[:3]):
            return f"{kind} is about FHIR {version}; {_ONLY}"
        if said.startswith("4.3"):
            resource = {**resource, "fhirVersion": "4.0.1"}
    found = check(kind, resource, kind)
    if found is None and ("contained" in resource or kind == "Parameters"):
        for inner, path in _inside(resource, kind):
            found = found or check(inner["resourceType"], inner, path)
    return found


def is_of_another_version(said: str) -> bool:
    """Whether what `problem` or `check` said speaks of a version that is not read."""
    return _ONLY in said


def _unknown(kind: str, resource: Json) -> str | None:
    """What is wrong with a resource of a type that R4 has no rules for, or None.

    R4B and later work of HL7, and systems of their own, have types besides; R4's own elements of
    any resource are checked. A type of a version that is not read speaks for the whole file.
    """
    if version := VERSION_OF.get(kind):
        return f"{kind} is a type of FHIR {version}; {_ONLY}"
    if not _NAME(kind):
        return "its resourceType is not the name of a type of resource"
    if len(resource) == 1:
        return f"{kind} is not a type of FHIR R4, and there is nothing in it"
    for name, definition in _OF_ANY.items():
        if name in resource and (found := check(definition, resource[name], f"{kind}.{name}")):
            return found
    return _empty(resource, kind)


def _empty(node: Any, path: str) -> str | None:
    """FHIR JSON (section 2.6.2) has no empty values; null only keeps a place in a list."""
    if isinstance(node, dict):
        for name, value in node.items():
            below = f"{path}.{_name(name)}"
            if value is None or value in ("", {}, []):
                return f"{below} is empty"
            if found := _empty(value, below):
                return found
    elif isinstance(node, list):
        for n, value in enumerate(node):
            if value in ("", {}, []) or (found := _empty(value, f"{path}[{n}]")):
                return found if value else f"{path}[{n}] is empty"
    return None


def check(definition: str, value: Any, path: str) -> str | None:
    """What is wrong with a value of one named definition, or None. `path` starts the sentence."""
    validator = _validator(definition)
    if validator.is_valid(value):
        return None
    sentence = _sentence(next(iter(validator.iter_errors(value))), path)
    version = _version(definition, value) if isinstance(value, dict) else None
    return f"{sentence} (this looks like FHIR {version}; {_ONLY})" if version else sentence


@cache
def _validator(definition: str) -> jsonschema.Draft7Validator:
    needed: dict[str, Json] = {}
    todo = [definition]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed[name] = _DEFINITIONS[name]
            todo.extend(_references(_DEFINITIONS[name]))
    schema = {"$ref": f"#/definitions/{definition}", "definitions": needed}
    return jsonschema.Draft7Validator(
        schema, pattern_options=jsonschema.RegexOptions(), offline=True
    )


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _inside(node: Any, path: str) -> Iterator[tuple[Json, str]]:
    """Resources held inside a resource, with their paths."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _inside(value, f"{path}.{name}")
            if name == "resource" and isinstance(value, dict) and "resourceType" in value:
                yield value, f"{path}.{name}"
    elif isinstance(node, list):
        for n, value in enumerate(node):
            if path.endswith(".contained"):
                yield value, f"{path}[{n}]"
            yield from _inside(value, f"{path}[{n}]")


def _version(definition: str, value: Json) -> str | None:
    for name in value:
        if version := _OLD_OR_NEW.get((definition, name)):
            return version
    if isinstance(value.get("clinicalStatus"), str):
        return "STU3"
    return "R5" if isinstance(value.get("class"), list) and definition == "Encounter" else None


def _sentence(error: jsonschema.ValidationError, path: str) -> str:
    for step in error.instance_path:
        path += f"[{step}]" if isinstance(step, int) else f".{_name(step)}"
    kinds = jsonschema.ValidationErrorKind
    match error.kind:
        case kinds.Required(property=name):
            return f"{path}.{name} is missing"
        case kinds.AnyOf(context=branches):
            return _any(branches, path)
    return f"{path} {_complaint(error)}"


def _complaint(error: jsonschema.ValidationError) -> str:
    """What is wrong with the value itself."""
    kinds = jsonschema.ValidationErrorKind
    said = _COMPLAINTS.get(error.kind.name, "is not correct")
    match error.kind:
        case kinds.AdditionalProperties(unexpected=names):
            said = f'has "{_name(names[0])}", which FHIR R4 does not know'
        case kinds.Enum(options=options):
            said = f"is not one of the allowed codes ({_few(options)})"
        case kinds.Type(types=types):
            said = f"should be {' or '.join(_KINDS[str(t)] for t in types)}"
        case kinds.Pattern():
            shape = str(error.schema_path[-2])
            said = f"is not {_SHAPES.get(shape, f'a correct {shape}')}"
    return said


def _any(branches: list[list[jsonschema.ValidationError]], path: str) -> str:
    """None of several ways fits: a missing (choice of) element, or a bad item of a list."""
    names = [
        str(e.kind.property)
        for branch in branches
        for e in branch
        if isinstance(e.kind, jsonschema.ValidationErrorKind.Required)
    ]
    plain = [n for n in names if not n.startswith("_")]
    if not plain:
        return f"{path} is not correct"
    if len(plain) == 1:
        return f"{path}.{plain[0]} is missing"
    stem = plain[0]
    while not all(n.startswith(stem) for n in plain):
        stem = stem[:-1]
    return f"{path}.{stem}[x] is missing"


def _few(options: list[Any]) -> str:
    shown = ", ".join(str(o) for o in options[:12])
    return f"{shown}, …" if len(options) > 12 else shown


def _name(name: str) -> str:
    """A member's name if it can be one; what is not a name may be somebody's data."""
    return name if re.fullmatch(r"_?[A-Za-z][A-Za-z0-9]{0,40}", name) else "a field"
