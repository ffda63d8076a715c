"""The timeline: keyframes from wherever, edits by hand under one undo, playing, and what is seen."""

import wave
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QMouseEvent
from PySide6.QtTest import QTest

from explorer.gui.settings import Settings
from explorer.gui.timeline.looks import look_of
from explorer.gui.timeline.player import Player
from explorer.gui.timeline.ruler import clock, step_of
from explorer.gui.timeline.shelf import mime_of, recipes_of
from explorer.gui.timeline.view import TimeView
from explorer.provenance import read_film
from explorer.recipe import Film, Keyframe, Recipe, SeedBlend, document, film_edits
from explorer.recipe.film_document import dumps
from tests.gui.fakes import FACES, info_of

START = Recipe(FACES)


def film_of(*seeds, **settings):
    recipes = [START.with_(base=SeedBlend.of(seed)) for seed in seeds]
    return film_edits.film_of(recipes, **settings)


def seeds_of(film):
    return [key.recipe.base.terms[0][0] for key in film.keys]


@pytest.fixture
def filmed(window):
    """A window with three keyframes at 0, 2 and 4 seconds."""
    window.commands["timeline"].trigger()
    window.store.edit_film(film_of(1, 2, 3), "Open film")
    return window


@pytest.fixture
def keys(filmed):
    return filmed.timeline.panel.keys


def see(window, qtbot, number):
    """Wait until the viewer shows this frame of the film."""

    def seen():
        moment = window.viewer.frame.request.moment
        return moment is not None and moment.number == number and moment.film == window.store.film

    qtbot.waitUntil(seen)


def drag(keys, start, *ends, modifiers=Qt.KeyboardModifier.NoModifier, let_go=True):
    QTest.mousePress(keys, Qt.MouseButton.LeftButton, modifiers, start)
    for end in ends:
        # QTest moves without modifiers, which here make the difference.
        where = QPointF(end)
        button = Qt.MouseButton.LeftButton
        event = QMouseEvent(QEvent.Type.MouseMove, where, keys.mapToGlobal(where), button, button, modifiers)
        keys.mouseMoveEvent(event)
    if let_go:
        QTest.mouseRelease(keys, Qt.MouseButton.LeftButton, modifiers, ends[-1])


def at(keys, seconds):
    return QPoint(round(keys.view.x_of(seconds)), 30)


def drop_on(panel, data, seconds):
    """Drop something on the timeline, wherever there is room: over the ruler."""
    event = QDropEvent(
        QPointF(panel.mapFromGlobal(panel.ruler.mapToGlobal(at(panel.keys, seconds)))),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    panel.dropEvent(event)
    assert event.isAccepted()


def test_keyframes_are_added_from_the_viewer_and_undone_by_name(window, settle):
    window.viewer.setFocus()
    QTest.keyClick(window.viewer, Qt.Key.Key_K)
    assert window.look.timeline.isVisible()
    first = window.store.recipe
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    QTest.keyClick(window.viewer, Qt.Key.Key_K)
    film = window.store.film
    assert [key.recipe for key in film.keys] == [first, window.store.recipe]
    assert [key.time for key in film.keys] == [0, film_edits.STEP]
    assert window.commands["undo"].text() == "&Undo Add keyframe"
    window.commands["undo"].trigger()
    assert len(window.store.film.keys) == 1
    window.commands["undo"].trigger()
    window.commands["undo"].trigger()
    assert window.store.film is None


def test_a_drag_retimes_a_keyframe_to_whole_frames_as_one_step(filmed, keys):
    drag(keys, at(keys, 2), at(keys, 2.4), at(keys, 2.9), at(keys, 3.21))
    film = filmed.store.film
    time = film.keys[1].time
    assert time == pytest.approx(3.21, abs=0.05)
    assert film.frame_at(time) / film.fps == time
    assert filmed.store.history.undo_name == "Move keyframe"
    filmed.store.undo()
    assert filmed.store.film == film_of(1, 2, 3)


def test_a_drag_past_others_reorders_and_the_hand_keeps_what_it_holds(filmed, keys):
    drag(keys, at(keys, 2), at(keys, 3), at(keys, 4.3), at(keys, 4.4))
    assert seeds_of(filmed.store.film) == [1, 3, 2]
    assert keys.view.index == 2


def test_with_ctrl_keyframes_change_seats_and_the_times_stay(filmed, keys):
    drag(keys, at(keys, 0), at(keys, 1.5), at(keys, 3.9), modifiers=Qt.KeyboardModifier.ControlModifier)
    film = filmed.store.film
    assert seeds_of(film) == [2, 3, 1]
    assert [key.time for key in film.keys] == [0, 2, 4]


def test_a_dragged_keyframe_snaps_to_a_beat_unless_alt_is_held(filmed, keys):
    keys.view.beats = (2.517,)
    drag(keys, at(keys, 2), at(keys, 2.3), at(keys, 2.52))
    assert filmed.store.film.keys[1].time == 2.517
    filmed.store.undo()
    drag(keys, at(keys, 2), at(keys, 2.52), modifiers=Qt.KeyboardModifier.AltModifier)
    assert filmed.store.film.keys[1].time != 2.517


def test_keyframes_snap_to_beats_all_at_once(filmed):
    filmed.timeline.view.beats = (0.5, 1.9, 3.8)
    filmed.timeline.panel.snap_to_beats()
    assert [key.time for key in filmed.store.film.keys] == [0, 1.9, 3.8]


def test_the_end_of_a_hold_is_dragged(filmed, keys):
    keys.view.choose(1)
    start = keys.hold_handle(1).center().toPoint()
    drag(keys, start, start + QPoint(30, 0), start + QPoint(60, 0))
    assert filmed.store.film.keys[1].hold == pytest.approx(60 / keys.view.scale, abs=0.05)
    assert filmed.store.history.undo_name == "Hold keyframe"


def test_duplicate_delete_and_loop(filmed):
    panel = filmed.timeline.panel
    panel.view.choose(1)
    panel.transport.duplicate.click()
    assert seeds_of(filmed.store.film) == [1, 2, 2, 3]
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_Delete)
    assert seeds_of(filmed.store.film) == [1, 2, 3]
    panel.transport.loop.click()
    assert filmed.store.film.loop
    filmed.commands["undo"].trigger()
    assert not filmed.store.film.loop
    assert not panel.transport.loop.isChecked()


def test_deleting_the_last_keyframe_leaves_no_film_and_the_still(filmed, qtbot):
    panel = filmed.timeline.panel
    panel.view.seek(3)
    see(filmed, qtbot, 3)
    for _ in range(3):
        panel.view.choose(0)
        panel.delete()
    assert filmed.store.film is None
    qtbot.waitUntil(lambda: filmed.viewer.frame.request.moment is None)


def test_the_inspector_changes_way_hold_and_frame(filmed):
    panel = filmed.timeline.panel
    panel.view.choose(1)
    inspector = panel.inspector
    inspector.easing.picked.emit("back-out")
    inspector.path.setCurrentIndex(1)
    inspector.path.activated.emit(1)
    inspector.space.activated.emit(1)
    inspector.noise.click()
    inspector.hold.typed.emit(0.25)
    inspector.frame.typed.emit(75)
    key = filmed.store.film.keys[1]
    assert (key.easing, key.path, key.space, key.noise_loop) == ("back-out", "slerp", "z", True)
    assert (key.hold, key.time) == (0.25, 2.5)
    assert not inspector.way.isHidden()
    inspector.all.click()
    assert {(key.easing, key.path) for key in filmed.store.film.keys} == {("back-out", "slerp")}
    assert filmed.store.film.keys[0].hold == 0
    panel.view.choose(2)
    assert inspector.way.isHidden()  # the last one of a film without a loop leads nowhere


def test_an_edit_that_cannot_be_made_is_said_and_changes_nothing(filmed):
    panel = filmed.timeline.panel
    before = filmed.store.film
    panel.transport.fps_typed.emit(1000.0)
    assert filmed.store.film is before
    assert "240" in filmed.notices.notices[0].text


def test_controls_and_keyframes_change_places(filmed, settle):
    panel = filmed.timeline.panel
    panel.keys.opened.emit(2)
    assert filmed.store.recipe == filmed.store.film.keys[2].recipe
    filmed.store.edit(filmed.store.recipe.with_(psi=0.25), "Change psi")
    panel.view.choose(0)
    panel.replace_chosen()
    assert filmed.store.film.keys[0].recipe.psi == 0.25
    names = [lane.track.name for lane in panel.tracks]
    assert names == ["seed", "psi"]
    filmed.commands["undo"].trigger()
    assert [lane.track.name for lane in panel.tracks] == ["seed"]


def test_scrubbing_shows_frames_and_a_control_goes_back_to_the_still(filmed, qtbot, settle):
    filmed.timeline.view.seek(31)
    see(filmed, qtbot, 31)
    assert not filmed.is_settled
    filmed.store.edit(filmed.store.recipe.with_(psi=0.1), "Change psi")
    settle(filmed)
    assert filmed.viewer.frame.request.moment is None


def test_an_edit_of_the_film_is_seen_while_a_frame_of_it_is(filmed, qtbot):
    filmed.timeline.view.seek(31)
    see(filmed, qtbot, 31)
    filmed.store.edit_film(film_of(5, 6, 7), "Other film")
    see(filmed, qtbot, 31)


def test_closing_the_timeline_goes_back_to_the_still(filmed, qtbot, settle):
    filmed.timeline.view.seek(5)
    see(filmed, qtbot, 5)
    filmed.commands["timeline"].trigger()
    settle(filmed)


def test_it_plays_and_the_playhead_stands_on_what_is_seen(filmed, qtbot):
    filmed.store.edit_film(film_of(1, 2, seconds=0.5), "Short film")
    seen = []

    def note(picture):
        moment = picture.frame.request.moment
        if moment is not None:
            seen.append(moment.number)

    filmed.bridge.shown.connect(note)
    with qtbot.waitSignal(
        filmed.timeline.player.playing_changed, check_params_cb=lambda playing: not playing
    ):
        filmed.commands["play"].trigger()
    last = filmed.store.film.frames - 1
    see(filmed, qtbot, last)
    assert seen == sorted(seen)
    assert seen[-1] == last == filmed.timeline.view.number
    assert filmed.timeline.panel.transport.frame.text() == f"Frame {last}"


def test_small_pictures_are_drawn_for_keyframes_and_strip_and_kept_when_times_change(filmed, qtbot, engine):
    timeline = filmed.timeline
    qtbot.waitUntil(lambda: not timeline.pictures.is_busy and not timeline._want_soon.isActive())
    for key in filmed.store.film.keys:
        assert timeline.pictures.get(key.recipe) is not None
    numbers = [number for _, number in timeline.panel.onion.places()]
    assert numbers == sorted(numbers)
    assert all(timeline.pictures.get(look_of(filmed.store.film, n, 0)) is not None for n in numbers)


def test_a_picture_of_the_history_is_dropped_at_a_time(filmed, keys):
    filmed.store.edit(filmed.store.recipe.with_(psi=0.3), "Change psi")
    old = recipes_of(filmed.store.history)[1]
    assert old != filmed.store.recipe
    drop_on(filmed.timeline.panel, mime_of(old), 3)
    key = filmed.store.film.keys[2]
    assert key.recipe == old
    assert key.time == pytest.approx(3, abs=0.1)
    assert keys.view.index == 2


def test_pictures_and_films_of_files_are_dropped_on_the_timeline(filmed, keys, qtbot, tmp_path):
    (tmp_path / "one.json").write_text(document.dumps(START.with_(psi=0.4)))
    (tmp_path / "two.film").write_text(dumps(film_of(8, 9)))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("one.json", "two.film")])
    drop_on(filmed.timeline.panel, data, 6)
    qtbot.waitUntil(lambda: len(filmed.store.film.keys) == 6)
    assert filmed.store.film.keys[3].recipe.psi == 0.4
    assert seeds_of(filmed.store.film)[4:] == [8, 9]


def test_a_picture_dropped_on_an_empty_timeline_begins_a_film(window):
    window.commands["timeline"].trigger()
    drop_on(window.timeline.panel, mime_of(START.with_(psi=0.3)), 0)
    assert [key.recipe.psi for key in window.store.film.keys] == [0.3]


def test_what_is_no_picture_is_refused_in_words(filmed, keys, qtbot, tmp_path):
    (tmp_path / "song.txt").write_text("la la la")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "song.txt"))])
    with qtbot.waitSignal(filmed.timeline.notice):
        drop_on(filmed.timeline.panel, data, 6)
    assert filmed.store.film == film_of(1, 2, 3)


def test_a_keyframe_of_another_network_offers_a_new_film(filmed, engine):
    other = engine.know(info_of(FACES.__class__("cats", "c" * 64)))
    filmed.timeline.panel.add(Recipe(other.ref))
    assert filmed.store.film == film_of(1, 2, 3)
    notice = filmed.notices.notices[0]
    notice.offers[0][1]()
    assert [key.recipe.model for key in filmed.store.film.keys] == [other.ref]


def test_a_film_document_goes_out_and_comes_back_by_a_drop_on_the_window(filmed, qtbot, drop, tmp_path):
    film = filmed.store.film
    path = tmp_path / "walk.film"
    with qtbot.waitSignal(filmed.film_doors.written):
        filmed.film_doors.save_document(path)
    assert read_film(path) == film
    filmed.commands["new_film"].trigger()
    assert filmed.store.film is None
    with qtbot.waitSignal(filmed.incoming.film_opened):
        drop(filmed, path)
    assert filmed.store.film == film
    see(filmed, qtbot, 0)


def test_a_film_document_that_is_damaged_changes_nothing(filmed, qtbot, drop, tmp_path):
    (tmp_path / "bad.film").write_text('{"kind": "latent-explorer/film", "version": 99}')
    with qtbot.waitSignal(filmed.incoming.notice):
        drop(filmed, tmp_path / "bad.film")
    assert filmed.store.film == film_of(1, 2, 3)


def test_several_films_play_side_by_side_and_one_is_looked_at(filmed, qtbot):
    panel = filmed.timeline.panel
    filmed.timeline._beside(Path("b.film"), film_of(7, 8))
    film = filmed.store.film
    assert (len(film.cells), film.columns) == (2, 2)
    panel.transport.cell_chosen.emit(1)
    qtbot.waitUntil(lambda: filmed.viewer.frame.request.moment is not None)
    qtbot.waitUntil(lambda: filmed.viewer.frame.request.moment.cell == 1)
    filmed.commands["film_columns"].trigger()
    assert filmed.store.film.columns == 1
    filmed.commands["film_alone"].trigger()
    assert filmed.store.film.cells == film_of(1, 2, 3).cells


def test_music_is_heard_shown_and_taken_away(filmed, qtbot, tmp_path):
    path = tmp_path / "clicks.wav"
    sound = np.zeros(3 * 22_050, np.int16)
    for second in (0.5, 1.5, 2.5):
        start = int(second * 22_050)
        sound[start : start + 400] = np.random.RandomState(0).randint(-30_000, 30_000, 400)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(sound.tobytes())
    filmed.incoming.open_path(path)
    view = filmed.timeline.view
    qtbot.waitUntil(lambda: bool(view.beats))
    assert view.beats == pytest.approx((0.5, 1.5, 2.5), abs=0.05)
    assert filmed.timeline.panel.sound.isVisible()
    assert filmed.commands["snap"].isEnabled()
    filmed.commands["undo"].trigger()
    assert filmed.store.music == ""
    assert not filmed.timeline.panel.sound.isVisible()
    assert not view.beats


def test_a_session_brings_film_and_timeline_back(filmed, qtbot, tmp_path, drop):
    film = filmed.store.film
    with qtbot.waitSignal(filmed.outgoing.saved):
        filmed.outgoing.save_session(filmed._take_session(), tmp_path / "s.json")
    filmed.commands["new_film"].trigger()
    with qtbot.waitSignal(filmed.store.film_changed):
        drop(filmed, tmp_path / "s.json")
    assert filmed.store.film == film
    assert len(filmed.timeline.view.keys) == 3


def test_a_circular_walk_leads_through_both_seeds(window, qtbot):
    window.commands["walk"].trigger()
    film = window.store.film
    assert film.loop
    assert seeds_of(film) == [60, 33]
    assert [key.path for key in film.keys] == ["slerp", "circle"]
    see(window, qtbot, 0)
    window.store.edit(START, "One seed alone")
    window.commands["walk"].trigger()
    assert window.store.film is film
    assert "two seeds" in window.notices.notices[0].title


def test_the_layout_remembers_whether_the_timeline_is_open(open_window):
    kept = Settings()
    window = open_window(kept)
    window.commands["timeline"].trigger()
    window.look.take()
    again = open_window(kept)
    assert again.look.timeline.isVisible()
    assert again.commands["timeline"].isChecked()


# Parts alone.


def test_the_player_leaves_out_frames_but_never_shows_one_twice_or_late(qapp):
    now = [0.0]
    player = Player(clock=lambda: now[0])
    wanted = []
    player.wanted.connect(wanted.append)
    player.play(film_of(1, 2, fps=10, seconds=1), 3)
    for now[0] in (0.01, 0.11, 0.35, 0.36, 5.0):
        player.look()
    assert wanted == [3, 4, 6, 9]
    assert not player.is_playing
    player.play(film_of(1, 2, fps=10, seconds=1, loop=True), 8)
    now[0] += 0.31
    player.look()
    assert wanted[-2:] == [8, 1]
    player.stop()


def test_time_and_place_are_inverse_at_any_zoom(qapp):
    view = TimeView()
    view.show_film(film_of(1, 2, 3))
    view.resize(900)
    for factor in (1.0, 3.0, 8.0):
        view.zoom_by(factor, 300)
        for frame in (0, 7, 60):
            assert view.frame_at_x(view.x_of(frame / view.fps)) == frame
    here = view.seconds_at(500)
    view.zoom_by(2.0, 500)
    assert view.seconds_at(500) == pytest.approx(here)


def test_a_look_knows_no_time():
    film = film_of(1, 2, 3)
    moved = film_edits.stretched(film, 2.0)
    assert look_of(film, 15, 0) == look_of(moved, 30, 0)
    assert look_of(film, 15, 0) != look_of(film, 16, 0)
    assert look_of(film, 0, 0) == film.keys[0].recipe


@pytest.mark.parametrize(("scale", "step"), [(10, 10), (100, 1), (700, 0.1), (2000, 1 / 30)])
def test_the_ruler_counts_in_round_steps(scale, step):
    assert step_of(scale, 30) == step


def test_clocks():
    assert [clock(s) for s in (0, 2.5, 75, 61.25)] == ["0 s", "2.5 s", "1:15", "1:01.25"]


def test_every_part_paints(filmed, qtbot):
    panel = filmed.timeline.panel
    film = film_of(1, 2, 3).with_(loop=True, length=7.0)
    keys = [Keyframe(k.recipe, k.time, 0.3, easing="elastic-out", noise_loop=True) for k in film.keys]
    filmed.store.edit_film(Film((tuple(keys),), loop=True, length=7.0), "Everything")
    panel.view.choose(1)
    panel._show_shelf(True)
    picture = panel.grab().toImage()
    assert not picture.isNull()
