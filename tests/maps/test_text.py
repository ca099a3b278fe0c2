from __future__ import annotations

import re

import pytest

from stationgeo.errors import ParameterError
from stationgeo.maps import _page, _text
from stationgeo.schema import ACTIONS, LEVELS

SCRIPTS = [path for path in _page._SCRIPTS if "/" not in path]


@pytest.mark.parametrize("language", _text.LANGUAGES)
def test_no_text_is_empty(language: _text.Language) -> None:
    assert all(_text.texts(language).values())


def test_chinese_texts_are_chinese_and_english_ones_are_not() -> None:
    zh, en = _text.texts("zh"), _text.texts("en")
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in zh.values())
    assert not any(re.search(r"[\u4e00-\u9fff]", text) for text in en.values())


def test_every_text_that_a_script_asks_for_exists() -> None:
    known = _text.texts("zh")
    asked = set()
    for script in SCRIPTS:
        code = _page.asset_bytes(script).decode()
        asked |= set(re.findall(r"\b(?:t|texts)\.(\w+)\b", code)) | set(re.findall(r"texts\[\"([\w:]+)\"\]", code))
    assert len(asked) > 25
    assert asked <= set(known)


def test_every_level_and_action_of_the_contracts_has_a_name() -> None:
    known = _text.texts("zh")
    assert {f"level:{level}" for level in LEVELS} | {f"action:{action}" for action in ACTIONS} <= set(known)


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"language must be one of zh, en, both\. Got 'cn' instead"):
        _text.check_language("cn")


def test_equal_texts_are_not_said_twice() -> None:
    assert _text.label("ATM", "ATM", language="both") == "ATM"
