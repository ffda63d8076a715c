"""With which certificate files are signed: this installation's, or one of one's own."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.errors import ExportError
from explorer.gui.widgets.buttons import TextButton
from explorer.provenance import own_certificate
from explorer.provenance.own_certificate import Chosen

FILTER = "Certificates and keys (*.pem *.crt *.cer *.key);;All files (*)"
SELF_MADE = (
    "By this installation, with a certificate that it made for itself: it proves that a file is unchanged "
    "since, and not who made it."
)


class SignatureBox(QWidget):
    """Shows and changes the choice; a choice holds at once, for the command line too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.choose = TextButton("Use my own certificate…")
        self.choose.clicked.connect(self._choose)
        self.forget = TextButton("Back to this installation's")
        self.forget.clicked.connect(self._forget)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.choose)
        row.addWidget(self.forget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addWidget(self.error)
        column.addLayout(row)
        self._show()

    def take(self, choice: Chosen | None) -> None:
        """Sign with this from now on; what cannot be used is said, and changes nothing."""
        try:
            own_certificate.keep(choice)
        except (ExportError, OSError) as error:
            text = str(error)
            self._show(f"{text[:1].upper()}{text[1:]}.")
        else:
            self._show()

    def _choose(self) -> None:
        certificate, _ = QFileDialog.getOpenFileName(
            self, "Certificate, with those above it", str(Path.home()), FILTER
        )
        if not certificate:
            return
        path = Path(certificate)
        try:
            holds_key = "PRIVATE KEY-----" in path.read_text("utf-8", "replace")[: own_certificate.LARGEST]
        except OSError:
            holds_key = True  # `take` says what is wrong with it
        key = certificate
        if not holds_key:
            key, _ = QFileDialog.getOpenFileName(self, "Its private key", str(path.parent), FILTER)
        if key:
            self.take(Chosen(path, Path(key)))

    def _forget(self) -> None:
        self.take(None)

    def _show(self, error: str = "") -> None:
        choice = None
        try:
            choice = own_certificate.chosen()
            if choice is None:
                self.words.setText(SELF_MADE)
            else:
                self.words.setText(f"With your certificate, “{own_certificate.name_of(choice)}”.")
                own_certificate.read(choice)
        except ExportError as problem:
            text = str(problem)
            error = error or f"{text[:1].upper()}{text[1:]}. Files are saved without a signature meanwhile."
        self.error.setText(error)
        self.error.setVisible(bool(error))
        self.forget.setVisible(choice is not None)
