"""Standards as data: those that ship, those of a file, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stationgeo import coverage, stations
from stationgeo.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN: dict[str, Any] = {
    "name": "mine", "version": "1", "zh": "我的", "en": "mine", "source": "made for this test", "cutoff_m": 300.0
}  # fmt: skip


@pytest.mark.parametrize("name", coverage.standards()["name"])
def test_what_ships_says_what_it_asks(name: str) -> None:
    one = coverage.standard(name)
    assert one.name == name
    known = set(stations.services()["service"])
    assert {service for clause in one.item().clauses for service in clause} <= known
    stations.with_kinds(stations.kinds().assign(station_id="a"), kinds=one.kinds or None, tiers=one.tiers or None)
    assert coverage.Standard(**{
        key: tuple(value) if isinstance(value, list) else value for key, value in one.to_dict().items()
    }) == one  # fmt: skip


def test_idle_and_on_order_are_apart() -> None:
    table = coverage.standards().set_index("name")
    assert table.loc["idle_rider", "state"] == "idle"
    assert table.loc["on_order_rider", "state"] == "on_order"
    assert table.loc["on_order_rider", "way"] == "100 m"


def test_needs_and_profiles_become_clauses() -> None:
    asked = coverage.Standard(**PLAIN, services=("water",), needs=("ev_charge",), profile="charging")
    # Any of the four answers the profile, whose rule is "any".
    assert asked.item().clauses == (
        ("water",), ("ev_charge",), ("phone_charge", "ebike_socket", "battery_swap", "ev_charge")
    )  # fmt: skip
    six = dataclasses.replace(asked, services=(), needs=(), profile="six_abilities")
    assert [clause for clause in six.item().clauses if clause == ("toilets",)] == []
    assert len(six.item().clauses) == 6


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\nversion = "1"\nzh = "我的"\nen = "mine"\nsource = "here"\nmode = "walk"\ncutoff_s = 300\n'
        'services = ["toilets"]\ntiers = ["full"]\nopen_then = false\n',
        encoding="utf-8",
    )
    read = coverage.read_standard(file)
    assert (read.cutoff_s, read.services, read.open_then, read.in_words) == (
        300.0,
        ("toilets",),
        False,
        "5 min by walk",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cutoff = 5\n", "unknown key 'cutoff'; did you mean 'cutoff_"),
        ('services = "toilets"\n', "services must be a list"),
        ('cutoff_m = "near"\n', "cutoff_m must be a number"),
        ("open_then = 1\n", "open_then must be true or false"),
        ("cutoff_s = 5\n", "give either cutoff_s or cutoff_m"),
        ("cutoff_m = -1\n", "cutoff_m must be above 0"),
        ('state = "lazy"\n', "state names 'lazy'"),
        ('mode = "balloon"\n', "mode must be one of modes.toml"),
    ],
)  # fmt: skip
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    needed = 'name = "mine"\nversion = "1"\nzh = "我"\nen = "m"\nsource = "h"\n'
    own = "" if "cutoff_m" in text else "cutoff_m = 300\n"
    file.write_text(needed + own + text, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"mine\.toml: .*" + message):
        coverage.read_standard(file)


def test_a_decay_ends_at_the_cutoff_unless_it_states_another(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = "".join(f"{key} = {value!r}\n" for key, value in PLAIN.items()).replace("'", '"')
    file.write_text(text + 'decay = { name = "linear", full_to = 100 }\n', encoding="utf-8")
    read = coverage.read_standard(file)
    worth = read.make_decay()
    assert worth is not None
    assert worth(np.array([100.0, 200.0, 300.0])).tolist() == [1, 0.5, 0]
    assert coverage.Standard(**read.to_dict()) == read
    own = coverage.Standard(**PLAIN, decay={"name": "linear", "cutoff": 200.0}).make_decay()
    assert own is not None
    assert own(np.array([100.0, 300.0])).tolist() == [0.5, 0]
    assert coverage.Standard(**PLAIN).make_decay() is None


@pytest.mark.parametrize(
    ("decay", "message"),
    [
        ({"name": "liner"}, "decay: unknown decay 'liner'; did you mean 'linear'"),
        ({"full_to": 100.0}, "decay: must be a table with a name"),
        ("linear", "decay: must be a table with a name"),
        ({"name": "logistic", "midpoint": 100.0}, "decay: logistic needs spread"),
        ({"name": "step", "scale": 1.0}, "decay: step has no scale"),
        ({"name": "linear", "full_to": 900.0}, "decay: .*full_to"),
    ],
)
def test_decays_that_are_refused(decay: Any, message: str) -> None:  # noqa: ANN401 - wrong on purpose
    with pytest.raises(ParameterError, match=message):
        coverage.Standard(**PLAIN, decay=decay)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the standard cannot be read"):
        coverage.read_standard(tmp_path / "nothing.toml")
    (tmp_path / "bad.toml").write_text("name =", encoding="utf-8")
    with pytest.raises(SourceError, match="is no TOML text"):
        coverage.read_standard(tmp_path / "bad.toml")
    (tmp_path / "short.toml").write_text('name = "x"', encoding="utf-8")
    with pytest.raises(ParameterError, match="a standard needs 'version', 'zh', 'en'"):
        coverage.read_standard(tmp_path / "short.toml")
    with pytest.raises(ParameterError, match="unknown standard 'idle'; did you mean 'idle_rider'"):
        coverage.standard("idle")
    with pytest.raises(ParameterError, match="time over streets, and needs a mode"):
        coverage.Standard(**{**PLAIN, "cutoff_m": None, "cutoff_s": 60.0})
    with pytest.raises(ParameterError, match="zh must not be empty"):
        coverage.Standard(**{**PLAIN, "zh": " "})
    with pytest.raises(ParameterError, match="unknown item 'service:sauna'"):
        coverage.Standard(**PLAIN, services=("sauna",)).item()
