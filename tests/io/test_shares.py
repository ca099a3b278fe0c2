"""Shares of a scan are the scan: each row in one of them, each courier whole, all counts adding up."""

import pickle
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import io
from stationgeo.errors import ColumnError, DataError, ParameterError, SourceError

KEY = b"0123456789abcdef"
OPTIONS: dict[str, Any] = {"datum": "GCJ-02", "tz": "Asia/Shanghai"}


def day_of(
    rng: np.random.Generator, day: int, *, n_couriers: int, per_courier: int, wrong_share: float
) -> pd.DataFrame:
    """A day's fixes by courier and time, of which some have no courier, no place or an odd one."""
    counts = rng.integers(0, per_courier + 1, n_couriers)
    counts[rng.integers(n_couriers)] += 1
    courier = np.repeat([f"c{i:03d}" for i in range(n_couriers)], counts).astype(object)
    n = len(courier)
    start = pd.Timestamp("2026-11-20", tz="Asia/Shanghai") + pd.Timedelta(days=day)
    second = np.concatenate([np.sort(rng.integers(0, 80_000, count)) for count in counts])
    lon, lat = 114 + rng.random(n), 22 + rng.random(n)
    wrong = rng.random(n)
    lon = np.where(wrong < wrong_share, 0.0, lon)
    lat = np.where(wrong < wrong_share, 0.0, np.where(wrong < 2 * wrong_share, np.nan, lat))
    courier[(wrong > 2 * wrong_share) & (wrong < 3 * wrong_share)] = None
    return pd.DataFrame(
        {
            "courier_id": pd.Series(courier, dtype="str"),
            "t": (start + pd.to_timedelta(second, unit="s")).tz_convert("UTC").as_unit("ms"),
            "lon": lon,
            "lat": lat,
            "group": pd.Series(np.where(rng.random(n) < 0.5, "x", None), dtype="str"),
            "city": rng.integers(0, 2, n),
        }
    )


def rows_of(batches: list[io.FixBatch]) -> Counter[tuple[object, ...]]:
    return Counter(
        (batch.file_at, batch.names[code], t, lon, lat, None if group < 0 else batch.group_names[group])
        for batch in batches
        for code, t, lon, lat, group in zip(
            batch.courier, batch.t_ms, batch.lon, batch.lat,
            np.full(len(batch), -1) if batch.group is None else batch.group, strict=True,
        )
    )  # fmt: skip


def counted(reports: list[io.IngestReport]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for report in reports:
        total.update({"read": report.rows_read, "kept": report.rows_kept})
        total.update({count.reason: count.rows for count in report.dropped})
    return dict(total)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    days=st.integers(1, 4),
    n_couriers=st.integers(1, 12),
    per_courier=st.integers(0, 9),
    group_rows=st.sampled_from([1, 2, 5, 1_000]),
    batch_rows=st.sampled_from([1, 3, 1_000]),
    wrong_share=st.sampled_from([0.0, 0.15]),
    n_shares=st.sampled_from([1, 3, 7]),
    key=st.sampled_from([None, KEY]),
    where=st.sampled_from([{}, {"city": "1"}]),
    statistics=st.booleans(),
)
def test_shares_together_are_the_scan(
    tmp_path: Path, seed: int, days: int, n_couriers: int, per_courier: int, group_rows: int, batch_rows: int,
    wrong_share: float, n_shares: int, key: bytes | None, where: dict[str, str], statistics: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    folder = tmp_path / "days"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for day in range(days):
        table = day_of(rng, day, n_couriers=n_couriers, per_courier=per_courier, wrong_share=wrong_share)
        table.to_parquet(folder / f"{day}.parquet", row_group_size=group_rows, write_statistics=statistics, index=False)
    if seed % 3 == 0:
        shutil.copy(folder / "0.parquet", folder / "copy.parquet")
    scan = io.scan_fixes(folder, **OPTIONS, bad_rows="drop", batch_rows=batch_rows, courier_key=key, where=where)
    shares = io.share_fixes(scan, n_shares=n_shares)
    assert shares is not None
    assert 1 <= len(shares) <= n_shares
    batches = [list(pickle.loads(pickle.dumps(share)).batches()) for share in shares]  # noqa: S301
    got = [batch for part in batches for batch in part]
    assert all(0 < len(batch) <= batch_rows for batch in got)
    couriers = [{name for batch in part for name in batch.names[batch.courier]} for part in batches]
    assert sum(map(len, couriers)) == len(set().union(*couriers))
    reports = []
    for share in shares:
        list(share.batches())
        reports.append(share.report)
    whole = counted(reports)
    try:
        want = rows_of(list(scan.batches()))
    except DataError as error:  # what only a whole file can tell: then shares give no less than nothing
        assert "no row" in str(error) or "would leave none" in str(error)  # noqa: PT017
        return
    assert rows_of(got) == want
    assert whole == counted([scan.report])
    assert {note for report in reports for note in report.notes} == set(scan.report.notes)


def written(ids: list[list[str]], folder: Path, *, group_rows: int = 2) -> Path:
    folder.mkdir(exist_ok=True)
    for number, couriers in enumerate(ids):
        n = len(couriers)
        t = pd.date_range("2026-11-20", periods=n, freq="s", tz="UTC") + pd.Timedelta(days=number)
        table = pd.DataFrame({"courier_id": couriers, "t": t.as_unit("ms"), "lon": 114.0, "lat": 22.5})
        table.to_parquet(folder / f"{number}.parquet", row_group_size=group_rows, index=False)
    return folder


def spans(shares: tuple[io.FixShare, ...] | None) -> list[tuple[str | None, str | None]]:
    return [(share.span.after, share.span.until) for share in shares or ()]


def test_cuts_are_where_rows_are_and_only_row_groups_that_matter_are_read(tmp_path: Path) -> None:
    # a a | b b | c c | d d in one file; in the other a b | c d: the cut after b is clean in both.
    scan = io.scan_fixes(written([list("aabbccdd"), list("abcd")], tmp_path / "f"), **OPTIONS)
    shares = io.share_fixes(scan, n_shares=2)
    assert spans(shares) == [(None, "b"), ("b", None)]
    assert shares is not None
    assert [[(piece.file_at, piece.groups) for piece in share.pieces] for share in shares] == [
        [(0, range(2)), (1, range(1))],
        [(0, range(2, 4)), (1, range(1, 2))],
    ]
    # A cut after c goes through the second file's last row group: two shares read its 2 rows, of 12 in all.
    assert spans(io.share_fixes(scan, n_shares=3)) == [(None, "b"), ("b", "c"), ("c", None)]


def test_shares_are_fewer_where_most_of_what_they_read_would_be_others(tmp_path: Path) -> None:
    # One row group a day: wherever it is cut, all of it is read on both sides.
    scan = io.scan_fixes(
        written([list("abcdef"), list("abcde"), list("abcdefg")], tmp_path / "f", group_rows=9), **OPTIONS
    )
    assert spans(io.share_fixes(scan, n_shares=7)) == [(None, None)]
    one = io.scan_fixes(written([list("aaaa")], tmp_path / "g"), **OPTIONS)
    assert len(io.share_fixes(one, n_shares=3) or ()) == 1


def test_a_hidden_id_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    scan = io.scan_fixes(written([["PLANTED", "PLANTED2", "q", "r"]], tmp_path / "f"), **OPTIONS, courier_key=KEY)
    shares = io.share_fixes(scan, n_shares=2)
    assert "PLANTED" not in repr(shares)
    assert KEY.decode() not in repr(shares)


def test_what_cannot_be_shared_is_none(tmp_path: Path) -> None:
    cases = {
        "ids fall from one row group to the next": [["b", "b", "a", "a"]],
        "in the second file": [["a", "a", "b", "b"], ["b", "c", "a", "d"]],
    }
    for number, (case, ids) in enumerate(cases.items()):
        scan = io.scan_fixes(written(ids, tmp_path / str(number)), **OPTIONS)
        assert io.share_fixes(scan, n_shares=2) is None, case
    (tmp_path / "f.csv").write_text("courier_id,t,lon,lat\na,2026-11-20 08:00:00,114,22.5\n", encoding="utf-8")
    assert io.share_fixes(io.scan_fixes(tmp_path / "f.csv", **OPTIONS), n_shares=2) is None
    as_text = pa.table({"courier_id": ["a"], "t": ["2026-11-20 08:00:00"], "lon": [114.0], "lat": [22.5]})
    pq.write_table(as_text, tmp_path / "t.parquet")
    assert io.share_fixes(io.scan_fixes(tmp_path / "t.parquet", **OPTIONS), n_shares=2) is None
    hive = tmp_path / "courier_id=7"
    hive.mkdir()
    pq.write_table(as_text.drop_columns("courier_id"), hive / "t.parquet")
    assert io.share_fixes(io.scan_fixes(hive / "t.parquet", **OPTIONS), n_shares=2) is None


def test_numbers_as_times_and_as_ids_are_shared(tmp_path: Path) -> None:
    # As text "10" < "9": the file is sorted so.
    table = pd.DataFrame(
        {"courier_id": [10, 10, 9, 9], "t": [1_795_132_800 + i for i in range(4)], "lon": 114.0, "lat": 22.5}
    )
    table.to_parquet(tmp_path / "f.parquet", row_group_size=2)
    scan = io.scan_fixes(tmp_path / "f.parquet", **OPTIONS, time_unit="s")
    shares = io.share_fixes(scan, n_shares=2) or ()
    assert [{name for batch in share.batches() for name in batch.names} for share in shares] == [{"10"}, {"9"}]
    assert shares[1].report.notes == (
        "courier_id: codes were stored as whole numbers: leading zeros, if any, are lost",
    )


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    scan = io.scan_fixes(written([list("aabb")], tmp_path / "f"), **OPTIONS)
    with pytest.raises(ParameterError, match=r"at least 1. Got 0"):
        io.share_fixes(scan, n_shares=0)
    run = (io.sorted_runs(scan.files[0]) or ())[0]
    with pytest.raises(ParameterError, match="a run is a part"):
        io.share_fixes(scan.select(scan.files, run=run), n_shares=2)
    (share,) = io.share_fixes(scan, n_shares=1) or ()
    with pytest.raises(ParameterError, match="has come to its end"):
        _ = share.report
    with pytest.raises(ColumnError, match=r"'rider' .for courier_id. is missing"):
        io.share_fixes(io.scan_fixes(scan.files[0], **OPTIONS, columns={"courier_id": "rider"}), n_shares=2)
    empty = pq.read_table(scan.files[0]).slice(0, 0)
    pq.write_table(empty, tmp_path / "empty.parquet")
    with pytest.raises(SourceError, match="a header but no row"):
        io.share_fixes(io.scan_fixes(tmp_path / "empty.parquet", **OPTIONS), n_shares=2)
    swapped = io.IngestReport(
        source="f",
        rows_read=10,
        rows_kept=4,
        dropped=(io.Count(reason="columns: longitude and latitude are exchanged", rows=6),),
    )
    with pytest.raises(DataError, match="exchanged in 6 of 10 rows"):
        io.check_whole(swapped)
    assert io.check_whole(io.IngestReport(source="f", rows_read=10, rows_kept=4)).rows_kept == 4


def test_faults_are_an_error_of_the_share_that_has_them(tmp_path: Path) -> None:
    folder = written([list("aabbcc")], tmp_path / "f")
    table = pq.read_table(folder / "0.parquet").to_pandas()
    table.loc[5, ["lon", "lat"]] = 0.0
    table.to_parquet(folder / "0.parquet", row_group_size=3, index=False)
    first, last = io.share_fixes(io.scan_fixes(folder, **OPTIONS), n_shares=2) or ()
    assert sum(len(batch) for batch in first.batches()) in {2, 4}
    with pytest.raises(DataError, match=r"row 6: 0.0, 0.0"):
        list(last.batches())
