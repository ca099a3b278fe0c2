import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from stationgeo import schema, stations
from stationgeo.errors import DataError, ParameterError, SourceError

FILES = ("kinds.toml", "services.toml", "needs.toml", "profiles.toml", "need_weights.toml", "aliases.toml")
SIX = ("warm", "cool", "water", "rest", "first_aid", "phone_charge")


def shipped(name: str) -> str:
    return resources.files("stationgeo.stations").joinpath(name).read_text(encoding="utf-8")


def own(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """Write a changed copy of a shipped file."""
    text = shipped(name)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", FILES)
def test_every_file_states_its_version_and_every_entry_its_labels_and_source(name: str) -> None:
    file = tomllib.loads(shipped(name))
    assert file.pop("version") == stations.data_versions()[name]
    tables = [entries for part, entries in file.items() if part not in {"statuses", "asks"}]
    entries = [entry for part in tables for entry in (part.values() if isinstance(part, dict) else part)]
    assert entries
    for entry in entries:
        assert entry["source"].strip()
        if name not in {"aliases.toml", "need_weights.toml"}:
            assert entry["zh"].strip()
            assert entry["en"].strip()


def test_the_crosswalk_is_complete_both_ways() -> None:
    services = stations.services().set_index("service")
    needs = stations.needs()
    for row in needs.itertuples():
        assert row.services
        assert set(row.services) <= set(services.index)
        # What workers call the need is what the services say they answer.
        assert {services.loc[service, "need"] for service in row.services} == {row.named}
    answered = {service for row in needs["services"] for service in row}
    assert set(services.index[services["need"] != ""]) <= answered
    # domain: 8 needs by one name each, 充电难 by four services, and four of truckers
    assert len(needs) == 8 + 4 + 4
    assert needs["need"].is_unique
    assert needs["zh"].is_unique


def test_profiles_name_what_there_is_and_six_abilities_leave_toilets_out() -> None:
    table = stations.profiles().set_index("profile")
    assert {"six_abilities", "needs", "trucker", "courier_basic"} <= set(table.index)
    assert table.loc["six_abilities", "items"] == SIX
    assert table.loc["needs", "items"] == tuple(stations.needs()["need"])
    assert (table["version"] == stations.data_versions()["profiles.toml"]).all()
    made = stations.profile("courier_basic")
    assert (made.rule, made.items["meals"]) == ("all", ("meals",))
    assert stations.profile("six_abilities").items == {service: (service,) for service in SIX}
    with pytest.raises(ParameterError, match="did you mean 'trucker'"):
        stations.profile("truckers")


def test_a_need_may_be_answered_by_any_of_several_services(tmp_path: Path) -> None:
    mine = stations.read_catalogue(own(tmp_path, "needs.toml", ('services = ["rest"]', 'services = ["rest", "beds"]')))
    assert stations.profile("courier_basic", catalogue=mine).items["rest"] == ("rest", "beds")
    assert stations.profile("courier_basic").items["rest"] == ("rest",)


def test_weights_are_shares_for_every_need_purpose_and_bin() -> None:
    for bins, n_bins in (("hour_of_week", 168), ("hour_of_day_type", 72)):
        table = stations.need_weights(bins=bins)
        assert len(table) == len(stations.needs()) * (1 + len(schema.PURPOSES)) * (n_bins + 2)
        assert not table.duplicated(["need", "purpose", "bin"]).any()
        assert table["weight"].between(0, 1).all()
        assert set(table["purpose"]) == {"", *schema.PURPOSES}
        assert (table.loc[table["purpose"] == "home", "weight"] == 0).all()
        assert table.groupby("need")["weight"].max().gt(0).all()


def test_a_weight_is_purpose_times_hour_and_without_an_hour_their_mean() -> None:
    file = tomllib.loads(shipped("need_weights.toml"))["weights"]["meals"]
    table = stations.need_weights(bins="hour_of_week").set_index(["need", "purpose", "bin"])["weight"]
    wednesday_at_13 = 2 * 24 + 13
    assert table["meals", "rest", wednesday_at_13] == pytest.approx(file["purposes"]["rest"] * file["hours"][13])
    assert table["meals", "", 13] == pytest.approx(file["purposes"]["unsplit"] * file["hours"][13])
    mean = file["purposes"]["rest"] * float(np.mean(file["hours"]))
    for untimed in (schema.UNTIMED_BIN, schema.WEEK_BIN):
        assert table["meals", "rest", untimed] == pytest.approx(mean)
    # Demand that is spread evenly over the hours of a week weighs the same with and without them.
    week = [table["meals", "rest", bin_] for bin_ in range(168)]
    assert np.mean(week) == pytest.approx(mean)
    assert table["meals", "rest", 13] > table["meals", "rest", 16] > table["meals", "rest", 3]
    with pytest.raises(ParameterError, match="did you mean 'hour_of_week'"):
        stations.need_weights(bins="hour_of_weeks")


def test_a_folder_of_ones_own_files_stands_in_for_the_shipped_ones(tmp_path: Path) -> None:
    own(tmp_path, "kinds.toml", ('version = "2026.2"', 'version = "city 3"'), ("[kinds.merchant]", "[kinds.shop]"))
    mine = stations.read_catalogue(tmp_path)
    assert mine.versions["kinds.toml"] == "city 3"
    assert mine.versions["services.toml"] == stations.data_versions()["services.toml"]
    assert mine.own == ("kinds.toml",)
    assert "shop" in set(stations.kinds(catalogue=mine)["kind"])
    assert stations.family_of(["shop"], catalogue=mine).tolist() == ["warm_bee"]
    assert stations.is_cluster(["shop"], catalogue=mine).tolist() == [False]
    with pytest.raises(DataError, match="'merchant'"):
        stations.family_of(["merchant"], catalogue=mine)
    assert "shop" not in set(stations.kinds()["kind"])
    one = stations.read_catalogue(tmp_path / "kinds.toml")
    assert one.versions == mine.versions


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("needs.toml", ('services = ["toilets"]', 'services = ["toilet"]'), "toilets.services names 'toilet', wh"),
        ("needs.toml", ('services = ["toilets"]', "services = []"), "toilets.services must be a list of at least one"),
        ("needs.toml", ('zh = "如厕难"', 'zh = ""'), "needs.toilets.zh must be a text"),
        ("needs.toml", ('version = "2026.1"', "version = 2026"), "version must be a text"),
        ("needs.toml", ('named = "如厕难"', "named = 1"), "needs.toilets.named must be a text"),
        ("profiles.toml", ('rule = "any"', 'rule = "some"'), "profiles.charging.rule must be one of all, any"),
        ("profiles.toml", ('"warm", "cool"', '"warm", "warm"'), "names something twice"),
        ("profiles.toml", ('services = ["warm"', 'needs = ["rest"]\nservices = ["warm"'), "services or needs, one of"),
        ("profiles.toml", ('"cool"', '"cold"'), "names 'cold', which is not known"),
        ("kinds.toml", ('parent = "outdoor"', 'parent = "outdors"'), "'outdors' is neither a group nor a kind"),
        ("kinds.toml", ('parent = ""', 'parent = "warm_bee_network"'), "is among its own parents"),
        ("kinds.toml", ('family = "warm_bee"', 'family = "bee"'), "warm_bee.family must be one of warm_bee, service_c"),
        ("kinds.toml", ('tier = "full"', 'tier = "whole"'), "warm_bee.tier must be one of full"),
        ("kinds.toml", ("cluster = false", "cluster = true"), "cluster must be true for the tier 'cluster'"),
        ("kinds.toml", ('also = ["爱心商家"]', 'also = ["暖蜂驛站"]'), "stands for 'warm_bee' and for 'merchant'"),
        ("kinds.toml", ("[groups.outdoor]", "[groups.warm_bee]"), "'warm_bee' is a group and a kind"),
        ("services.toml", ('also = ["洗澡", "沐浴"]', 'also = ["厕所"]'), "stands for 'toilets' and for 'shower'"),
        ("services.toml", ('no = ["no"', 'nope = ["no"'), "statuses must hold words for yes, no, unknown"),
        ("services.toml", ('no = ["no"', 'no = [0, "no"'), "words for yes, no, unknown, a list each"),
        ("services.toml", ('asks = ["是否提供"', 'asks = [1, "是否提供"'), "asks must be a list of texts"),
        ("kinds.toml", ('also = ["爱心商家"]', 'also = "爱心商家"'), "kinds.merchant.also must be a list of texts"),
        ("services.toml", ('"无", "没有"', '"有"'), "'有' stands for 'yes' and for 'no'"),
        ("services.toml", ("[services.toilets]", "[services.wc]"), "names 'toilets', which is not known"),
        ("need_weights.toml", ("rest = 0.6", "rest = 1.6"), "meals.purposes must be numbers between 0 and 1"),
        ("need_weights.toml", ("rest = 0.6", "rests = 0.6"), "meals.purposes names 'rests'"),
        ("need_weights.toml", ("[weights.meals]", "[weights.meal]"), "names 'meal', .*, weights.meals is m"),
        ("need_weights.toml", ("hours = [", "hours = [0.5,"), "meals.hours must be 24 numbers"),
        ("aliases.toml", ('means = "暖蜂"', 'means = "热蜂"'), "names that no alias replaces; 1 of 2"),
        ("aliases.toml", ('means = "暖蜂"', 'means = ""'), "aliases.0.means must be a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, name: str, change: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        stations.read_catalogue(own(tmp_path, name, change))
    assert ".toml: " in str(error.value)


def test_hours_that_never_reach_one_are_refused(tmp_path: Path) -> None:
    text = shipped("need_weights.toml")
    head, _, tail = text.partition("[weights.entry]")
    (tmp_path / "need_weights.toml").write_text(
        head + "[weights.entry]" + tail.replace("1.0", "0.9", 13), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"weights.entry.hours must be 1 in at least one hour"):
        stations.read_catalogue(tmp_path)


def test_a_place_without_such_files_and_broken_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file of a catalogue"):
        stations.read_catalogue(tmp_path)
    with pytest.raises(SourceError, match="no file of a catalogue"):
        stations.read_catalogue(tmp_path / "nowhere")
    (tmp_path / "kind.toml").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match=r"did you mean 'kinds\.toml'"):
        stations.read_catalogue(tmp_path / "kind.toml")
    (tmp_path / "kinds.toml").write_text("version = ", encoding="utf-8")
    with pytest.raises(SourceError, match=r"kinds\.toml: cannot be read as TOML"):
        stations.read_catalogue(tmp_path)
    (tmp_path / "kinds.toml").write_text('version = "1"', encoding="utf-8")
    with pytest.raises(DataError, match="there is no 'kinds' in it"):
        stations.read_catalogue(tmp_path)
    (tmp_path / "kinds.toml").write_text('version = "1"\n[kinds]\nbee = 1', encoding="utf-8")
    with pytest.raises(DataError, match=r"kinds.bee must be a table"):
        stations.read_catalogue(tmp_path)
