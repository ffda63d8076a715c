"""Pictures that are not square, in the small places of the window."""

import numpy as np
from PySide6.QtGui import QImage

from explorer.gui import theme
from explorer.gui.render_bridge import to_bgra, to_image
from explorer.gui.widgets.thumbnail import Thumbnail


def test_a_thumbnail_shows_a_narrow_picture_whole(qtbot):
    thumbnail = Thumbnail("A", theme.SEED_A, 60)
    qtbot.addWidget(thumbnail)
    white = np.full((64, 32, 3), 255, np.uint8)
    thumbnail.set_image(to_image(to_bgra(white)))
    image = thumbnail.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    middle = image.height() // 2
    light = [image.pixelColor(x, middle).lightness() > 250 for x in range(image.width())]
    assert light.index(True) in (15, 16)
    assert sum(light) in (28, 29)
    assert all(light[17:43])
