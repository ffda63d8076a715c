"""One quiet page on use, shown once and found again under Help."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.buttons import TextButton

WIDTH = 560
POINTS = (
    (
        "These people do not exist",
        "A network draws each face from a list of numbers. Where one resembles a living person, that is "
        "chance.",
    ),
    (
        "Do not pass them off as real",
        "Not in a profile, a review, an advertisement or the news, and not as somebody who has said, bought "
        "or witnessed anything. Where you show them, say that they are made by AI; in many places the law "
        "asks for it.",
    ),
    (
        "What the program writes into files",
        "That the picture is made by AI, the recipe that draws it again, and which network drew it. A "
        "signature made on this computer shows whether the file was changed since. Nothing of you: no name, "
        "no place, no account. An invisible mark in the pixels says “made by AI” where the rest is lost. A "
        "label that everybody sees can be added on export, and stands on batches unless you take it away.",
    ),
    (
        "What belongs to others",
        "Each network has a licence, and it holds for the pictures too. It is told on the model card and in "
        "every file.",
    ),
)


class FirstUse(QDialog):
    """What to know before showing these faces to anybody."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("On using these pictures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mark = QLabel()
        mark.setPixmap(theme.app_icon().pixmap(40, 40))
        heading = QLabel("On using these pictures")
        heading.setProperty("role", "heading")
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(mark)
        top.addWidget(heading, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 28, 32, 24)
        column.setSpacing(4)
        column.addLayout(top)
        column.addSpacing(14)
        for title, text in POINTS:
            column.addWidget(_label(title, "title"))
            column.addWidget(_label(text, ""))
            column.addSpacing(14)
        column.addStretch(1)
        again = _label("This page stays under Help.", "hint")
        self.go = TextButton("Understood", primary=True)
        self.go.setDefault(True)
        self.go.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(again, 1)
        foot.addWidget(self.go)
        column.addLayout(foot)
        self.setFixedSize(WIDTH, column.heightForWidth(WIDTH))


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if role:
        label.setProperty("role", role)
    return label
