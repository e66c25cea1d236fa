"""Code is compiled where the accounts that run it only read."""

from pathlib import Path

from phr.launch.compiled import APPS, compile_apps


def test_each_module_lies_compiled_beside_its_source(tmp_path: Path) -> None:
    for app in APPS:
        (tmp_path / app / "inner").mkdir(parents=True)
        (tmp_path / app / "inner" / "one.py").write_text("ONE = 1\n")
        (tmp_path / app / "broken.py").write_text("this is no Python\n")
    compile_apps(tmp_path)
    for app in APPS:
        assert [path.name.split(".")[0] for path in (tmp_path / app).rglob("*.pyc")] == ["one"]
        assert (tmp_path / app / "inner" / "__pycache__").stat().st_mode & 0o055 == 0o055


def test_the_apps_are_those_of_the_settings() -> None:
    root = Path(__file__).resolve().parents[3]
    assert set(APPS) == {path.parent.name for path in root.glob("*/apps.py")}
