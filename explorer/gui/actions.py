"""Every command of the window: one table behind menus, shortcuts, the shortcuts sheet and the palette."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


@dataclass(frozen=True)
class Command:
    """One thing the user can ask for."""

    key: str
    text: str
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False
    group: str = ""
    """Commands of one group exclude each other."""
    repeats: bool = False
    """Whether a held key goes on and on."""


COMMANDS: tuple[Command, ...] = (
    Command("open", "&Open…", ("Ctrl+O",), "Open a network, a picture made here, or a session"),
    Command(
        "save_picture", "&Save picture…", ("Ctrl+S",), "Save the picture you see, with its recipe inside"
    ),
    Command(
        "quick_save",
        "Save picture at &once",
        ("Ctrl+Shift+S",),
        "Save beside the last one, under the next free name",
    ),
    Command(
        "export_picture",
        "&Export picture…",
        ("Ctrl+E",),
        "Choose format, 16 bit, a larger size, a visible label, quality",
    ),
    Command(
        "export_several",
        "Export se&veral…",
        ("Ctrl+Shift+E",),
        "Many seeds, pictures seen before, or files made here, into a folder",
    ),
    Command(
        "project", "&Project a picture…", ("Ctrl+P",), "Find the latent that draws a picture of yours best"
    ),
    Command("verify", "Ver&ify a file…", (), "What a picture or film says of itself, and what that is worth"),
    Command("save_session", "Save s&ession…", ("Ctrl+Alt+S",), "Save where you are, with undo and redo"),
    Command("settings", "Se&ttings…", ("Ctrl+,",), "Choices that are kept between runs"),
    Command("quit", "&Quit", ("Ctrl+Q",), "Close the window; the session is kept"),
    Command("undo", "&Undo", ("Ctrl+Z",), "Take the last edit back", repeats=True),
    Command("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Bring the last undone edit back", repeats=True),
    Command("copy_picture", "&Copy picture", ("Ctrl+C",), "Copy the picture you see"),
    Command(
        "copy_recipe", "Copy r&ecipe", ("Ctrl+Shift+C",), "Copy the recipe of the picture you see, as text"
    ),
    Command("paste", "&Paste recipe or file", ("Ctrl+V",), "Open what was copied: a recipe, or a file"),
    Command("reset_all", "Reset &all controls", ("Ctrl+R",), "Keep the seeds, put everything else back"),
    Command("new_face", "&New face", ("Space",), "A face nobody has seen, from a random seed", repeats=True),
    Command("next_seed", "Ne&xt seed", ("N",), "The face of the next seed", repeats=True),
    Command("previous_seed", "&Previous seed", ("P",), "The face of the seed before", repeats=True),
    Command("new_b", "New &B", ("B",), "A random seed for B, to blend and mix with", repeats=True),
    Command("swap", "&Swap A and B", ("X",), "Exchange A and B"),
    Command("reset_mixing", "&Reset mixing", ("M",), "Put all rows back to A"),
    Command("find_directions", "&Find…", ("Ctrl+D",), "Look for directions along which faces change"),
    Command("teach_direction", "&Teach…", ("Ctrl+T",), "Mark faces as more or less, and have it learned"),
    Command("import_directions", "&Import…", (), "Take over directions of another tool, or of a friend"),
    Command("export_directions", "&Export…", (), "Write the directions of this network into one file"),
    Command("reset_directions", "&Reset directions", ("Ctrl+Shift+D",), "Go along no direction any more"),
    Command("timeline", "&Timeline", ("T",), "The film below the picture: keyframes, lanes, music", True),
    Command("add_key", "&Add keyframe", ("K",), "Put the picture of the controls on the timeline"),
    Command("add_here", "Add keyframe &here", ("Shift+K",), "Put it under the playhead"),
    Command("play", "&Play", ("Shift+Space",), "Play the film, as fast as this machine draws it"),
    Command("frame_back", "One frame &back", (",",), "The frame before", repeats=True),
    Command("frame_forward", "One frame &forward", (".",), "The next frame", repeats=True),
    Command("snap", "&Snap keyframes to beats", (), "Move keyframes onto the beats of the music near them"),
    Command("new_film", "&New film", (), "Begin with an empty timeline; undo brings the film back"),
    Command("open_film", "&Open film…", (), "A .film file, or the film inside an exported one"),
    Command("save_film", "&Save film…", (), "Keyframes and ways as a .film file, to open again or to send"),
    Command("music", "&Music…", (), "Put a sound file under the film, with marks where something begins"),
    Command("no_music", "&Take music away", (), "Let the film be silent"),
    Command(
        "walk", "&Circular walk through A and B", (), "A loop once round the sphere of Z: a film of its own"
    ),
    Command("film_beside", "Put another film besi&de…", (), "Several films side by side, as one"),
    Command("film_columns", "Other &rows and columns", (), "Stand several films otherwise"),
    Command("film_alone", "Take this film a&way", (), "Out of several side by side"),
    Command(
        "export_film",
        "Export f&ilm…",
        ("Ctrl+Shift+M",),
        "MP4, WebM, MOV, GIF, WebP, APNG or single frames; exact, and resumable",
    ),
    Command(
        "export_sheet",
        "Export a s&heet…",
        ("Ctrl+Alt+E",),
        "Many pictures on one: seeds, truncation, a mixing table, a direction strip",
    ),
    Command("type_seed", "&Type a seed", ("S",), "Go to the box of seed A"),
    Command("fit", "&Fit to window", ("0",), "Show all of the picture"),
    Command("one_to_one", "&Actual pixels", ("1",), "One pixel of the picture on one of the screen"),
    Command("zoom_in", "Zoom &in", ("+", "="), "Larger; the mouse wheel zooms to the pointer", repeats=True),
    Command("zoom_out", "Zoom &out", ("-",), "Smaller", repeats=True),
    Command("enlarge_auto", "Smooth when fitted, crisp when &zoomed", (), "", True, "enlarging"),
    Command("enlarge_smooth", "Always &smooth", (), "", True, "enlarging"),
    Command("enlarge_crisp", "Always &crisp pixels", (), "", True, "enlarging"),
    Command("overlay", "&Size and speed on the picture", ("I",), "Resolution, time and device", True),
    Command("controls", "&Controls", ("F9",), "Show or hide the panels", True),
    Command("controls_left", "Controls on the &left", (), "Put the panels left of the picture", True),
    Command("full_screen", "F&ull screen", ("F11",), "The picture on the whole screen", True),
    Command("theme_system", "Like the &system", (), "", True, "theme"),
    Command("theme_dark", "&Dark", (), "", True, "theme"),
    Command("theme_light", "&Light", (), "", True, "theme"),
    Command(
        "networks_page",
        "&All networks…",
        ("Ctrl+Shift+N",),
        "What is on this computer, and what can be downloaded: people, cats, dogs, paintings, anime…",
    ),
    Command(
        "open_network",
        "&Open network…",
        ("Ctrl+Shift+O",),
        "Open a checkpoint: .safetensors, .pkl, .pt or .pth",
    ),
    Command("device_auto", "&Automatic", (), "The fastest device there is", True, "device"),
    Command("device_cpu", "&CPU", (), "", True, "device"),
    Command("device_cuda", "&NVIDIA GPU (cuda)", (), "", True, "device"),
    Command("device_mps", "Apple &GPU (mps)", (), "", True, "device"),
    Command(
        "precision_auto", "&Automatic", (), "float32: exact, and on a CPU also the fastest", True, "precision"
    ),
    Command("precision_float32", "float&32", (), "", True, "precision"),
    Command("precision_float16", "float&16", (), "", True, "precision"),
    Command("precision_bfloat16", "&bfloat16", (), "", True, "precision"),
    Command("palette", "&Find a command…", ("Ctrl+K", "Ctrl+Shift+P"), "Type what you want to do"),
    Command("shortcuts", "&Shortcuts", ("F1", "?"), "All keys on one sheet"),
    Command("model_card", "&Model card", (), "Data, licence, measures and flaws of the bundled network"),
    Command("use", "On &using these pictures", (), "What to know before showing these faces to anybody"),
    Command("log_folder", "Open &log folder", (), "Where errors are written down, to report them"),
    Command("about", "&About Latent Explorer", (), "Version and licences"),
)

MENUS: dict[str, tuple[str, ...]] = {
    "&File": (
        "open",
        ">recent",
        "-",
        "save_picture",
        "quick_save",
        "export_picture",
        "export_several",
        "export_sheet",
        "export_film",
        "save_session",
        "-",
        "project",
        "verify",
        "-",
        "settings",
        "-",
        "quit",
    ),
    "&Edit": ("undo", "redo", "-", "copy_picture", "copy_recipe", "paste", "-", "reset_all"),
    "F&ace": (
        "new_face",
        "next_seed",
        "previous_seed",
        "type_seed",
        "-",
        "new_b",
        "swap",
        "reset_mixing",
    ),
    "&Directions": (
        "find_directions",
        "teach_direction",
        "import_directions",
        "export_directions",
        "-",
        "reset_directions",
    ),
    "Fi&lm": (
        "timeline",
        "-",
        "add_key",
        "add_here",
        "play",
        "frame_back",
        "frame_forward",
        "-",
        "new_film",
        "walk",
        "open_film",
        "save_film",
        "-",
        "music",
        "no_music",
        "snap",
        "-",
        "film_beside",
        "film_columns",
        "film_alone",
        "-",
        "export_film",
    ),
    "&View": (
        "fit",
        "one_to_one",
        "zoom_in",
        "zoom_out",
        ">enlarging",
        "-",
        "overlay",
        "controls",
        "controls_left",
        "timeline",
        "full_screen",
        "-",
        ">theme",
    ),
    "&Network": ("networks_page", "open_network", ">networks", "-", ">device", ">precision"),
    "&Help": ("palette", "shortcuts", "-", "use", "verify", "model_card", "log_folder", "about"),
}
"""Menus in order; "-" is a line, ">name" a submenu."""

SUBMENUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "recent": ("Open &recent", ()),
    "networks": ("&Choose", ()),
    "enlarging": ("&Enlarging", ("enlarge_auto", "enlarge_smooth", "enlarge_crisp")),
    "theme": ("&Theme", ("theme_system", "theme_dark", "theme_light")),
    "device": ("&Device", ("device_auto", "device_cpu", "device_cuda", "device_mps")),
    "precision": (
        "&Precision",
        ("precision_auto", "precision_float32", "precision_float16", "precision_bfloat16"),
    ),
}
"""Title and commands of each submenu; those without commands are filled while running."""


class Action(QAction):
    """A command as Qt knows it.

    Signals
    -------
    invoked : like `triggered`, without the `checked` that Qt passes along and
        that would land in a slot's first argument.
    """

    invoked = Signal()

    def __init__(self, command: Command, parent: QObject) -> None:
        super().__init__(command.text, parent)
        self.command = command
        self.setObjectName(command.key)
        self.setShortcuts([QKeySequence(shortcut) for shortcut in command.shortcuts])
        self.setStatusTip(command.tip)
        self.setToolTip(command.tip)
        self.setCheckable(command.checkable)
        self.setAutoRepeat(command.repeats)
        self.triggered.connect(self._forward)

    @property
    def plain_text(self) -> str:
        """Text without the mnemonic."""
        return self.text().replace("&", "")

    def disable(self, reason: str) -> None:
        """Make it unavailable and say why."""
        self.setEnabled(not reason)
        self.setToolTip(reason or self.command.tip)
        self.setStatusTip(reason or self.command.tip)

    def _forward(self, _checked: bool) -> None:
        self.invoked.emit()


class Actions(QObject):
    """All commands by key, and the menus they stand in."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions = {command.key: Action(command, self) for command in COMMANDS}
        self._groups: dict[str, QActionGroup] = {}
        self.submenus: dict[str, QMenu] = {}
        for action in self._actions.values():
            if action.command.group:
                self._group(action.command.group).addAction(action)
            # On the window, so that shortcuts work while the menu bar is hidden.
            parent.addAction(action)

    def __getitem__(self, key: str) -> Action:
        return self._actions[key]

    def all(self) -> tuple[Action, ...]:
        """All commands, in the order of the table."""
        return tuple(self._actions.values())

    def group(self, name: str) -> tuple[Action, ...]:
        """Commands that exclude each other."""
        return tuple(action for action in self._actions.values() if action.command.group == name)

    def fill(self, bar: QMenuBar) -> None:
        """Build the menus."""
        for title, entries in MENUS.items():
            menu = bar.addMenu(title)
            menu.setToolTipsVisible(True)
            for entry in entries:
                self._add(menu, entry)

    def _add(self, menu: QMenu, entry: str) -> None:
        if entry == "-":
            menu.addSeparator()
        elif entry.startswith(">"):
            title, keys = SUBMENUS[entry[1:]]
            submenu = menu.addMenu(title)
            submenu.setToolTipsVisible(True)
            self.submenus[entry[1:]] = submenu
            for key in keys:
                submenu.addAction(self._actions[key])
        else:
            menu.addAction(self._actions[entry])

    def _group(self, name: str) -> QActionGroup:
        if name not in self._groups:
            self._groups[name] = QActionGroup(self)
        return self._groups[name]
