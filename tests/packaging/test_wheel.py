"""`pip install .` gives the `ceremony` command with the contract artifact inside."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HOUSE = Path(__file__).parent.parent.parent
PARTS = ("ceremony", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")


def test_an_installed_wheel_has_the_command_and_the_artifact(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (HOUSE / part).is_dir() else shutil.copy2
        copy(HOUSE / part, source / part)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("ceremony-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"ceremony/anchor/artifacts/ceremony-1.json", "ceremony/requirements.txt"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    code = "import ceremony, sys; from ceremony.cli import run_command; print(ceremony.__file__); sys.exit(run_command(['--help']))"
    environment = {**os.environ, "PYTHONPATH": str(target)}
    shown = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(str(target))
    assert "verify" in shown.stdout
    assert (target / "bin" / "ceremony").is_file()
