"""What several rooms' tests share: the golden files, and how to unpack them."""

import json
import lzma
import os
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def golden_dir() -> Path | None:
    """Folder of the reference networks, or None where this machine has none.

    `LATENT_EXPLORER_GOLDEN` names it; otherwise `shared/golden` beside the checkout.
    """
    named = os.environ.get("LATENT_EXPLORER_GOLDEN")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "golden"
    return folder if (folder / "index.json").is_file() else None


needs_golden = pytest.mark.skipif(
    golden_dir() is None,
    reason="no reference networks here: set LATENT_EXPLORER_GOLDEN to their folder",
)


def golden_index() -> list[dict[str, Any]]:
    """One entry per reference network; empty where there are none."""
    folder = golden_dir()
    if folder is None:
        return []
    entries: list[dict[str, Any]] = json.loads((folder / "index.json").read_text("utf-8"))
    return entries


def golden_file(name: str, scratch: Path) -> Path:
    """Path of a golden file; those stored as NAME.xz are unpacked into `scratch` first."""
    folder = golden_dir()
    if folder is None:
        pytest.skip("no reference networks here: set LATENT_EXPLORER_GOLDEN to their folder")
    packed = folder / (name if name.endswith(".xz") else f"{name}.xz")
    if not packed.is_file():
        return folder / name
    unpacked = scratch / packed.stem
    if not unpacked.is_file():
        unpacked.write_bytes(lzma.decompress(packed.read_bytes()))
    return unpacked
