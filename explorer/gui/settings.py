"""What is kept between runs, apart from recipes: choices, window layout, recent files."""

import dataclasses
import json
import logging
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.locations import user_config_dir

log = logging.getLogger(__name__)

RECENT = 12


@dataclass
class Settings:
    """Values of one user. Unknown or damaged values in the file are left out, not fatal."""

    theme: str = "dark"
    """"system", "dark" or "light"."""
    device: str = "auto"
    """"auto", "cpu", "cuda" or "mps"."""
    precision: str = "auto"
    """"auto", "float32", "float16" or "bfloat16"."""
    cache_mib: int = 0
    """Most memory of all caches together (`caches` shares it out), in MiB; 0 leaves it to the device."""
    enlarging: str = "auto"
    """How small pictures are enlarged: "auto" (smooth when fitted, crisp when zoomed), "smooth", "crisp"."""
    overlay: bool = True
    """Whether size and speed show on the picture."""
    controls_on_left: bool = False
    """Whether the panels stand left of the picture."""
    restore_session: bool = True
    """Whether the window opens where it was closed."""
    folded: list[str] = field(default_factory=list)
    """Panels that are folded away."""
    recent_models: list[str] = field(default_factory=list)
    """Network files opened lately, newest first."""
    recent_files: list[str] = field(default_factory=list)
    """Pictures and sessions opened or saved lately, newest first."""
    picture_folder: str = ""
    """Where the last picture was saved."""
    export_finish: str = ""
    """How the last picture was exported (`Finish.dumps`); empty before the first."""
    export_suffix: str = ".png"
    """And as which format."""
    batch_finish: str = ""
    """How the last batch was exported; empty before the first, which is labelled."""
    batch_suffix: str = ".png"
    """And as which format."""
    film_format: str = "MP4 (H.264)"
    """As what the last film was exported, in the words of the page."""
    film_quality: int = 80
    """And at which quality, 1 to 100."""
    film_label: bool = False
    film_mark: bool = True
    """And whether it was labelled."""
    author: str = ""
    """Who made the directions that were exported last."""
    use_page_shown: bool = False
    """Whether the page on use has been shown."""
    geometry: str = ""
    """Window place and size, as Qt saves it, in base64."""
    layout: str = ""
    """Docks, as Qt saves them, in base64."""

    def remember(self, kind: str, path: Path) -> None:
        """Put a file first in `recent_models` or `recent_files`."""
        entry = str(path.resolve())
        paths: list[str] = getattr(self, kind)
        setattr(self, kind, [entry, *(p for p in paths if p != entry)][:RECENT])


def settings_file() -> Path:
    """Where settings are kept."""
    return user_config_dir() / "settings.json"


def load() -> Settings:
    """Read the settings; defaults for whatever is missing or of the wrong kind."""
    try:
        values = json.loads(settings_file().read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        log.warning("settings could not be read, starting with defaults: %s", error)
        return Settings()
    settings = Settings()
    for spec in dataclasses.fields(Settings):
        if isinstance(values, dict) and _fits(values.get(spec.name), getattr(settings, spec.name)):
            setattr(settings, spec.name, values[spec.name])
    return settings


def save(settings: Settings) -> None:
    """Write the settings; a failure is logged, for nothing can be done about it while closing."""
    try:
        write_text(settings_file(), json.dumps(dataclasses.asdict(settings), indent=2))
    except OSError as error:
        log.warning("settings could not be saved: %s", error)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: to a temporary name beside it, then renamed."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fits(value: Any, default: Any) -> bool:
    if type(value) is not type(default):
        return False
    return not isinstance(value, list) or all(isinstance(entry, str) for entry in value)
