"""The built wheel, in an environment that has never seen this checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

USE = """
import sys
from pathlib import Path
import explorer
from explorer import load_generator, locations
assert Path(explorer.__file__).is_relative_to(sys.prefix), explorer.__file__
G = load_generator("faces")
image = G.synthesis(G.mapping(G.latent(0), psi=0.7))
assert image.shape[-1] == G.resolution >= 128, image.shape
assert 0.05 < image.std() < 1
assert any(locations.resources_dir().iterdir())
assert (locations.weights_dir() / "README.md").is_file()
assert (locations.weights_dir() / "faces.directions").is_file()
"""


def run(*command: str, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_"))}
    result = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.timeout(300)
def test_an_installed_wheel_finds_its_model_and_command(tmp_path):
    pytest.importorskip("hatchling")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(ROOT),
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("latent_explorer-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "explorer/_bundled/weights/faces.safetensors" in names
    assert not [
        n for n in names if n.startswith(("tests/", "weights/", "explorer/_bundled/weights/training"))
    ]

    run(sys.executable, "-m", "venv", str(tmp_path / "env"), cwd=tmp_path)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel), cwd=tmp_path)
    # The dependencies of this environment, without its editable install: .pth files
    # in a folder that is itself reached through a .pth file are not read.
    site = Path(
        run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(str(python), "-c", USE, cwd=tmp_path)
    help_text = run(str(python.parent / "latent-explorer"), "--help", cwd=tmp_path)
    assert "render" in help_text
