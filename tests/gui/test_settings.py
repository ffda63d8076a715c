"""Settings: kept, and forgiving towards their file."""

from explorer.gui import settings
from explorer.gui.settings import RECENT, Settings


def test_what_is_saved_comes_back():
    kept = Settings(theme="light", overlay=False, folded=["noise"], cache_mib=64)
    settings.save(kept)
    assert settings.load() == kept


def test_without_a_file_there_are_defaults():
    assert settings.load() == Settings()


def test_damaged_values_fall_back_one_by_one():
    settings.settings_file().write_text('{"theme": 7, "overlay": false, "folded": [1], "new": 1}')
    assert settings.load() == Settings(overlay=False)


def test_a_damaged_file_is_no_reason_not_to_start():
    for text in ("", "{", "[]", "\x00"):
        settings.settings_file().write_text(text)
        assert settings.load() == Settings()


def test_recent_files_are_few_and_each_once(tmp_path):
    kept = Settings()
    for number in range(RECENT + 5):
        kept.remember("recent_files", tmp_path / f"{number}.png")
    kept.remember("recent_files", tmp_path / "8.png")
    assert len(kept.recent_files) == RECENT
    assert kept.recent_files[0] == str(tmp_path / "8.png")
    assert len(set(kept.recent_files)) == RECENT
