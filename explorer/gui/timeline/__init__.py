"""The timeline below the picture: the film as lanes over one axis of time.

`panel` shows the store's film and passes what a hand does back to it as edits; it knows
no engine. `view` is what all lanes share and nobody saves: the piece of time that is seen,
the frame under the playhead, the keyframe that is chosen. `desk` joins panel, player and
pictures to the window. Deliberately absent: any picture or number that is not derived
from the film.
"""
