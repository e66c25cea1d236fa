"""docs/operations.md names every setting and every operator command there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANUAL = (ROOT / "docs" / "operations.md").read_text()
SETTINGS = sorted(
    set(
        re.findall(
            r'\b(?:text|flag|number)\(\s*"([A-Z_]+)"', (ROOT / "phr" / "settings.py").read_text()
        )
    )
)


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_is_in_the_manual(name: str) -> None:
    assert f"`{name}`" in MANUAL


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`\./manage\.py (\w+)", MANUAL))))
def test_command_in_the_manual_exists(name: str) -> None:
    assert list(ROOT.glob(f"*/management/commands/{name}.py"))


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"secrets/(\w+)\}", (ROOT / "compose.yaml").read_text())))
)
def test_secret_of_the_deployment_is_in_the_manual(name: str) -> None:
    assert f"| `{name}` |" in MANUAL
