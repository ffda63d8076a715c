"""From a picture to its nearest latent: projection, also called inversion.

`picture` opens what a user supplies and cuts a frame out of it, `distance` says how far a
drawn picture is from that, `perceptual` adds the features of a small network where its
package is installed, and `projector` looks for the latent, piece by piece.

Promises: deterministic by seed; nothing of the picture leaves this room but its digest
and the latent that was found. Deliberately ignorant of clocks, threads and windows: who
wants to stop stops asking, and keeps the best that was found.
"""

from explorer.projection.picture import Crop, SuppliedPicture, open_picture
from explorer.projection.projector import Progress, Settings, project, recipe_of

__all__ = [
    "CONSENT",
    "Crop",
    "Progress",
    "Settings",
    "SuppliedPicture",
    "open_picture",
    "project",
    "recipe_of",
]

CONSENT = (
    "A picture of a real person needs that person's consent. The result is not that person, though it "
    "may look like them; files made from it say that they began from a supplied picture."
)
"""Said before a projection begins, in the window and on the command line."""
