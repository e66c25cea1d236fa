"""A link opened by somebody else's library: kill-the-clipboard, fetched by npm, never committed."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.acting import acting_as
from accounts.models import AuditEvent
from sharing.services import granting, links
from tests.cast import ALL, Cast
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("static_files"),
]
LIBRARY = "kill-the-clipboard@1.1.0"
LEFT_OUT = "npm or its registry is missing, so no other library opens a link here."
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "npm" / "shl"
OPEN = """
import { SHLViewer } from "kill-the-clipboard";
const [shlinkURI, passcode, most] = process.argv.slice(1);
try {
  const viewer = new SHLViewer({ shlinkURI });
  const asked = { recipient: "Somebody else's app", passcode };
  if (most) asked.embeddedLengthMax = Number(most);
  const { manifest, fhirResources } = await viewer.resolveSHL(asked);
  console.log(JSON.stringify({ manifest, fhirResources, label: viewer.shl.label }));
} catch (error) {
  console.log(JSON.stringify({ refused: error.name, words: error.message }));
}
"""


@pytest.fixture(scope="module")
def library() -> Path:
    """A folder in which node finds the library."""
    npm, kept = shutil.which("npm"), _CACHE / "node_modules" / "kill-the-clipboard"
    if npm and not kept.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        quietly = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
        command = [npm, "install", "--prefix", ".", *quietly, LIBRARY]
        subprocess.run(command, cwd=_CACHE, capture_output=True, timeout=300, check=False)
    if not kept.exists() or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail(LEFT_OUT)
        pytest.skip(LEFT_OUT)
    return _CACHE


def opened(library: Path, uri: str, passcode: str, most: str = "") -> dict[str, Any]:
    """What the library makes of a link."""
    command = ["node", "--input-type=module", "-e", OPEN, uri, passcode, most]
    done = subprocess.run(
        command, cwd=library, capture_output=True, timeout=60, check=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_another_library_opens_a_link_until_it_is_destroyed(
    library: Path, cast: Cast, live_server: LiveServer, settings: Settings
) -> None:
    settings.PHR_ORIGIN = live_server.url
    keep(cast.alice_id, text="Glucose")
    week = replace(ALL, ends_at=timezone.now() + timedelta(days=7))
    made = links.make(cast.alice, "Dr Lee", scope=week)
    url = links.one(cast.alice, made.grant_id).url

    assert opened(library, url, "wrong")["refused"] == "SHLInvalidPasscodeError"
    for most in ("", "1000000"):
        found = opened(library, url, made.passcode, most)
        kinds = [bundle["type"] for bundle in found["fhirResources"]]
        assert kinds == ["document", "collection"]
        named = {one["resource"]["resourceType"] for one in found["fhirResources"][1]["entry"]}
        assert named == {"Patient", "Observation"}

    granting.revoke(cast.alice, made.grant_id)
    assert opened(library, url, made.passcode)["refused"] == "SHLManifestNotFoundError"
    with acting_as(cast.alice):
        assert AuditEvent.objects.filter(action="open-link", outcome="success").count() == 2
