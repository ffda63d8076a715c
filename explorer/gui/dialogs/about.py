"""About: version, licences, and the model card of the bundled network."""

from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextDocument, QTextTable
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QTabWidget, QTextBrowser, QVBoxLayout, QWidget

import explorer
from explorer.gui import theme
from explorer.locations import resources_dir, weights_dir

Page = Literal["about", "licences", "model card"]


class AboutDialog(QDialog):
    """Three pages of text."""

    def __init__(self, page: Page = "about", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Latent Explorer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 640)
        mark = QLabel()
        mark.setPixmap(theme.app_icon().pixmap(56, 56))
        name = QLabel("Latent Explorer")
        name.setProperty("role", "heading")
        version = QLabel(f"Version {explorer.__version__}")
        version.setProperty("role", "dim")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(version)
        top = QHBoxLayout()
        top.setContentsMargins(4, 4, 4, 8)
        top.setSpacing(16)
        top.addWidget(mark)
        top.addLayout(words, 1)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        texts = resources_dir() / "texts"
        for title, path in (
            ("About", texts / "about.md"),
            ("Licences", texts / "licences.md"),
            ("Model card", weights_dir() / "README.md"),
        ):
            self.pages.addTab(_page(path), title)
        self.pages.setCurrentIndex(("about", "licences", "model card").index(page))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.addLayout(top)
        column.addWidget(self.pages, 1)


def _page(path: Path) -> QTextBrowser:
    browser = QTextBrowser()
    browser.setOpenExternalLinks(True)
    # Pictures of the model card are named relative to it.
    browser.document().setBaseUrl(QUrl.fromLocalFile(f"{path.parent}/"))
    browser.setSearchPaths([str(path.parent)])
    try:
        browser.setMarkdown(path.read_text("utf-8"))
    except OSError:
        browser.setPlainText(f"{path.name} is not part of this installation.")
    _set_type(browser.document())
    return browser


def _set_type(document: QTextDocument) -> None:
    """Give paragraphs and tables room; Qt's Markdown comes without any."""
    document.setDocumentMargin(12)
    cursor = QTextCursor(document)
    block = document.begin()
    while block.isValid():
        cursor.setPosition(block.position())
        form = block.blockFormat()
        heading = bool(form.headingLevel())
        form.setTopMargin(10 if heading else 0)
        form.setBottomMargin(2 if cursor.currentTable() is not None else 8)
        form.setLineHeight(120, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(form)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            table = frame.format()
            table.setBorder(0)
            table.setCellPadding(4)
            table.setCellSpacing(0)
            table.setMargin(6)
            frame.setFormat(table)
