"""A copied picture outlives the program: on most systems the clipboard is emptied after Python has gone."""

import subprocess
import sys

COPY_AND_LEAVE = """
import numpy as np
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from explorer.gui.outgoing import Outgoing
from explorer.gui.tasks import Tasks
from explorer.recipe import ModelRef, Recipe
from explorer.render.frame import Frame, RenderRequest

app = QApplication([])
request = RenderRequest(Recipe(ModelRef("faces")))
frame = Frame(request, np.full((8, 8, 3), 7, np.uint8), 8, 0.0, "cpu", "float32")
tasks = Tasks()
outgoing = Outgoing(None, tasks)
outgoing.copy_picture(frame)
while QGuiApplication.clipboard().image().isNull():
    app.processEvents()
clipboard = QGuiApplication.clipboard()
assert clipboard.image().size().width() == 8
assert '"faces"' in clipboard.text()
"""


def test_the_program_ends_cleanly_after_a_copy():
    result = subprocess.run([sys.executable, "-c", COPY_AND_LEAVE], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
