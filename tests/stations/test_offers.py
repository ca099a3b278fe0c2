from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import stations
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.schema import CellArray
from stationgeo.stations._masks import pack_bins, unpack_bins

STATUS = ("yes", "no", "unknown")


@dataclass(frozen=True, kw_only=True)
class Hours:
    station_id: np.ndarray
    low: CellArray
    high: CellArray
    bins: str = "hour_of_week"
    n_bins: int = 168


def hours_of(spans: dict[str, tuple[range, range]], *, bins: str = "hour_of_week", n_bins: int = 168) -> Hours:
    """Hours of stations by their bins for sure and perhaps."""
    low, high = np.zeros((2, len(spans), n_bins), dtype=np.bool_)
    for row, (sure, perhaps) in enumerate(spans.values()):
        low[row, list(sure)] = True
        high[row, list(perhaps)] = True
    ids = np.array(list(spans), dtype=object)
    return Hours(station_id=ids, low=pack_bins(low), high=pack_bins(high), bins=bins, n_bins=n_bins)


def places(*ids: str, kind: str = "warm_bee") -> pd.DataFrame:
    return pd.DataFrame({"station_id": pd.Series(ids, dtype="str"), "kind": kind})


def told(*rows: tuple[str, str, str], **more: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["station_id", "service", "status"], dtype="str")
    return frame.assign(**more)


def bins_of(words: CellArray, n_bins: int = 168) -> list[int]:
    return np.flatnonzero(unpack_bins(words, n_bins=n_bins)).tolist()


def test_a_service_is_offered_when_the_station_is_open() -> None:
    # a: open 9-12 for sure, 9-14 perhaps. Toilets yes: 9-12 and 9-14; water unknown: never and 9-14; meals no: never.
    made = stations.offers(
        places("a"),
        told(("a", "toilets", "yes"), ("a", "water", "unknown"), ("a", "meals", "no")),
        hours=hours_of({"a": (range(9, 12), range(9, 14))}),
    )
    for service, low, high in [
        ("toilets", [9, 10, 11], [9, 10, 11, 12, 13]),
        ("water", [], [9, 10, 11, 12, 13]),
        ("meals", [], []),
        ("parking", [], [9, 10, 11, 12, 13]),  # SERVICES has no word of it: unknown
    ]:
        got = made.of(service)
        assert (bins_of(got[0][0]), bins_of(got[1][0])) == (low, high)
    assert made.untold == len(made.services) - 3
    assert made.timed


def test_no_hours_mean_any_hour() -> None:
    made = stations.offers(places("a"), told(("a", "toilets", "yes")), hours=None, bins="hour_of_day_type")
    assert (made.bins, made.n_bins, made.timed) == ("hour_of_day_type", 72, False)
    assert bins_of(made.of("toilets")[0][0], 72) == bins_of(made.open_low[0], 72) == list(range(72))
    assert bins_of(made.of("water")[0][0], 72) == []


def test_what_a_service_keeps_as_its_own_hours_replaces_those_of_the_station() -> None:
    # The house is open 9-12; its toilets 20-22; its water has no hours of its own.
    rows = told(
        ("a", "toilets", "yes"), ("a", "water", "yes"), ("b", "toilets", "yes"), ("b", "meals", "no"),
        opening_hours=["20:00-22:00", "", None, "10:00-11:00"],
    )  # fmt: skip
    own = stations.own_hours(rows)
    assert {service: table["station_id"].tolist() for service, table in own.items()} == {"toilets": ["a"]}
    house = hours_of({"b": (range(8, 10), range(8, 10)), "a": (range(9, 12), range(9, 12))})
    toilets = hours_of({"a": (range(20, 22), range(20, 23))})
    made = stations.offers(places("a", "b"), rows, hours=house, service_hours={"toilets": toilets})
    low, high = made.of("toilets")
    assert [bins_of(words) for words in low] == [[20, 21], [8, 9]]
    assert [bins_of(words) for words in high] == [[20, 21, 22], [8, 9]]
    assert bins_of(made.of("water")[0][0]) == bins_of(made.open_low[0]) == [9, 10, 11]
    with pytest.raises(ParameterError, match=r"1 stations keep hours of their own for 'toilets': 'a', and service_h"):
        stations.offers(places("a", "b"), rows, hours=house)
    with pytest.raises(ParameterError, match="did you mean 'toilets'"):
        stations.offers(places("a", "b"), rows, hours=house, service_hours={"toilet": toilets})


def test_clusters_are_left_out_and_named_and_so_are_stations_that_are_not_there() -> None:
    given_ = pd.concat([places("a"), places("street", kind="warm_bee_street"), places("b")], ignore_index=True)
    rows = told(("b", "toilets", "yes"), ("street", "toilets", "yes"), ("z", "water", "yes"), ("z", "toilets", "no"))
    made = stations.offers(given_, rows, hours=None)
    assert made.station_id.tolist() == ["a", "b"]
    assert made.clusters == ("street",)
    assert made.unmatched == ("street", "z")
    assert made.untold == 2 * len(made.services) - 1
    assert made.table.set_index("service").loc["toilets", ["yes", "no", "unknown"]].tolist() == [1, 0, 1]
    assert "1 clusters left out" in made._repr_html_()


def test_the_table_counts_stations_hours_and_capacity() -> None:
    hours = hours_of({"a": (range(9, 12), range(9, 14)), "b": (range(0), range(168))})
    rows = told(("a", "rest", "yes"), ("b", "rest", "unknown"), capacity=[12.0, np.nan])
    line = stations.offers(places("a", "b"), rows, hours=hours).table.set_index("service").loc["rest"]
    assert line.to_dict() == {
        "yes": 1, "no": 0, "unknown": 1, "hours_low": 3, "hours_high": 5 + 168, "with_capacity": 1, "capacity": 12.0,
    }  # fmt: skip


def test_selected_stations_keep_their_rows() -> None:
    rows = told(("a", "rest", "yes"), ("b", "rest", "no"), ("c", "rest", "yes"), capacity=[1.0, 2.0, 3.0])
    made = stations.offers(places("a", "b", "c"), rows, hours=None)
    some = made.select(np.array([True, False, True]))
    assert some.station_id.tolist() == ["a", "c"]
    assert some.low.shape == (2, len(made.services), 3)
    assert some.table.set_index("service").loc["rest", "capacity"] == 4
    with pytest.raises(ParameterError, match=r"one bool for each of 3 stations\. Got int64"):
        made.select([0, 1, 2])


@given(
    statuses=st.lists(st.sampled_from(STATUS), min_size=6, max_size=6),
    truth=st.lists(st.booleans(), min_size=6, max_size=6),
    sure=st.lists(st.integers(0, 71), max_size=8),
    perhaps=st.lists(st.integers(0, 71), max_size=8),
)
def test_whatever_the_unknown_turns_out_to_be_lies_between_low_and_high(
    statuses: list[str], truth: list[bool], sure: list[int], perhaps: list[int]
) -> None:
    services = ("warm", "cool", "water", "rest", "first_aid", "phone_charge")
    high_bins = sorted({*sure, *perhaps})
    low, high = np.zeros((2, 1, 72), dtype=np.bool_)
    low[0, sure] = True
    high[0, high_bins] = True
    hours = Hours(
        station_id=np.array(["a"], dtype=object), low=pack_bins(low), high=pack_bins(high),
        bins="hour_of_day_type", n_bins=72,
    )  # fmt: skip
    made = stations.offers(
        places("a"), told(*[("a", s, w) for s, w in zip(services, statuses, strict=True)]), hours=hours
    )
    settled = [("yes" if yes else "no") if w == "unknown" else w for w, yes in zip(statuses, truth, strict=True)]
    for opened in (Hours(**{**hours.__dict__, "high": hours.low}), Hours(**{**hours.__dict__, "low": hours.high})):
        true = stations.offers(
            places("a"), told(*[("a", s, w) for s, w in zip(services, settled, strict=True)]), hours=opened
        )
        for service in services:
            offered = true.of(service)[0][0]
            assert not (made.of(service)[0][0] & ~offered).any()  # sure is true
            assert not (offered & ~made.of(service)[1][0]).any()  # true is at least possible
    assert not (made.low & ~made.high).any()


def test_row_order_does_not_matter() -> None:
    rows = told(("a", "rest", "yes"), ("b", "rest", "no"), ("b", "toilets", "unknown"))
    hours = hours_of({"b": (range(3), range(4)), "a": (range(5), range(6))})
    one = stations.offers(places("a", "b"), rows, hours=hours)
    other = stations.offers(places("a", "b"), rows.iloc[::-1], hours=hours)
    assert (one.low == other.low).all()
    assert (one.high == other.high).all()


def test_no_station_and_no_service_are_fine() -> None:
    none = stations.offers(places(), told(), hours=None)
    assert none.low.shape == (0, len(none.services), 3)
    silent = stations.offers(places("a"), told(), hours=None)
    assert (silent.table["unknown"] == 1).all()


def test_services_of_ones_own_catalogue_are_offered(tmp_path: Path) -> None:
    text = Path(stations.__file__).with_name("services.toml").read_text(encoding="utf-8")
    bench = 'zh = "长椅"\nen = "a bench"\nability = ""\nneed = ""\nsource = "our list"'
    (tmp_path / "services.toml").write_text(f"{text}\n[services.bench]\n{bench}\n", encoding="utf-8")
    mine = stations.read_catalogue(tmp_path)
    rows = told(("a", "bench", "yes"))
    with pytest.raises(DataError, match="'bench'"):
        stations.offers(places("a"), rows, hours=None)
    made = stations.offers(places("a"), rows, hours=None, catalogue=mine)
    assert made.services[-1] == "bench"
    assert bins_of(made.of("bench")[0][0]) == list(range(168))
    assert stations.service_words(catalogue=mine)["长椅"] == "bench"


def test_wrong_calls_are_named() -> None:
    rows = told(("a", "toilets", "yes"))
    with pytest.raises(DataError, match=r"1 of 1 rows do not: 'toilet'; did you mean 'toilets'"):
        stations.offers(places("a"), told(("a", "toilet", "yes")), hours=None)
    with pytest.raises(DataError, match=r"\(station_id, service\) must be unique"):
        stations.offers(places("a"), told(("a", "rest", "yes"), ("a", "rest", "no")), hours=None)
    with pytest.raises(DataError, match="must be one of yes, no, unknown"):
        stations.offers(places("a"), told(("a", "rest", "maybe")), hours=None)
    with pytest.raises(DataError, match=r"none of its 1 stations is among the 1 given: 'a'"):
        stations.offers(places("A"), rows, hours=None)
    with pytest.raises(DataError, match=r"hours: 1 of 2 stations are missing: 'b'"):
        stations.offers(places("a", "b"), rows, hours=hours_of({"a": (range(1), range(1))}))
    with pytest.raises(ParameterError, match="one kind of bins"):
        stations.offers(places("a"), rows, hours=hours_of({"a": (range(1), range(1))}), bins="hour_of_day_type")
    with pytest.raises(ParameterError, match="did you mean 'hour_of_week'"):
        stations.offers(places("a"), rows, hours=None, bins="hour_of_weeks")
    with pytest.raises(DataError, match=r"STATIONS: \(station_id\) must be unique, 1 rows"):
        stations.offers(places("a", "a"), rows, hours=None)
    with pytest.raises(ColumnError, match="'station_id' is missing"):
        stations.offers(places("a").drop(columns="station_id"), rows, hours=None)
    with pytest.raises(ParameterError, match="did you mean 'toilets'"):
        stations.offers(places("a"), rows, hours=None).of("toilet")
