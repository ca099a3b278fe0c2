from __future__ import annotations

import base64
import json
from collections.abc import Callable

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from stationgeo.errors import DataError
from stationgeo.maps import _encode, _paths

Read = Callable[[str], list[int]]


@given(values=st.lists(st.integers(0, 2**53 - 1)))
def test_varints_come_back(values: list[int]) -> None:
    out, value, shift = [], 0, 0
    for byte in base64.b64decode(_encode.varint_text(values)):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            out.append(value)
            value, shift = 0, 0
    assert out == values


def test_small_numbers_cost_one_byte_and_groups_of_seven_bits_one_more() -> None:
    # 127 = 0b1111111 fits seven bits; 128 needs eight, so two bytes; 2^14 - 1 is the last of two bytes.
    for value, size in [(0, 1), (127, 1), (128, 2), (2**14 - 1, 2), (2**14, 3), (2**53 - 1, 8)]:
        assert len(base64.b64decode(_encode.varint_text([value]))) == size


@pytest.mark.parametrize("values", [[], [0], [-1, 1, -1], [5, 5, 5], [2**51, -(2**51)], list(range(-300, 300, 7))])
def test_differences_come_back(values: list[int], deltas: Read) -> None:
    assert deltas(_encode.delta_text(values)) == values


@pytest.mark.parametrize("resolution", [0, 1, 7, 9, 10, 14, 15])
def test_keys_give_the_cells_back_and_keep_their_order(resolution: int) -> None:
    rng = np.random.default_rng(resolution)
    ids = sorted({
        h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution))
        for lat, lon in zip(rng.uniform(-89, 89, 300), rng.uniform(-180, 180, 300), strict=True)
    })  # fmt: skip
    found, keys = _encode.cell_keys(np.array(ids, dtype=np.uint64))
    unused = 3 * (15 - resolution)
    head = (1 << 59) | (resolution << 52)  # "cell" mode is 1 in the four bits from 59 (H3's index format)
    assert found == resolution
    assert [head | (int(key) << unused) | ((1 << unused) - 1) for key in keys] == ids
    assert (np.diff(keys) > 0).all()
    assert keys.max() < 2**53


def test_a_map_has_one_resolution() -> None:
    mixed = np.array([h3.str_to_int(h3.latlng_to_cell(22, 114, resolution)) for resolution in (9, 10)], dtype=np.uint64)
    with pytest.raises(DataError, match=r"one resolution\. Got resolutions 9, 10"):
        _encode.cell_keys(mixed)


@given(values=st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), min_size=1))
def test_amounts_come_back_within_the_stated_error(values: list[float]) -> None:
    column = _encode.log_codes(np.array(values))
    codes = np.frombuffer(base64.b64decode(column["codes"]), dtype="<u2").astype(float)
    step = (column["high"] - column["low"]) / 65533
    back = np.where(codes > 0, np.exp(column["low"] + (codes - 1) * step), 0.0)
    # Nine powers of ten: ln(1e9) / 65533 / 2 = 1.6e-4.
    np.testing.assert_allclose(back, values, rtol=1.7e-4)
    assert ((codes == 0) == (np.array(values) == 0)).all()


def test_a_street_drawn_both_ways_is_one_line(deltas: Read, varints: Read) -> None:
    way = shapely.LineString([(0, 0), (0.00002, 0.00001), (0.00002, 0.00001), (0.00005, 0)])
    dot = shapely.LineString([(1, 1), (1.000001, 1)])  # shorter than the grid of coordinates
    both = shapely.MultiLineString([way.reverse(), shapely.LineString([(0, 0), (0, -1)])])
    text, row = _paths.lines(np.array([way, None, dot, both], dtype=object))
    assert row.tolist() == [0, 3]
    assert varints(text["n"]) == [3, 2]
    assert deltas(text["x"]) == [0, 2, 5, 0, 0]
    assert deltas(text["y"]) == [0, 1, 0, 0, -100_000]


def test_no_line_is_no_text() -> None:
    text, row = _paths.lines(np.array([], dtype=object))
    assert text == {"n": "", "x": "", "y": ""}
    assert row.size == 0


def test_rings_keep_holes_and_parts_apart(deltas: Read, varints: Read) -> None:
    holed = shapely.Polygon(
        shapely.box(0, 0, 0.00009, 0.00009).exterior, [shapely.box(0.00003, 0.00003, 0.00006, 0.00006).exterior]
    )
    two = shapely.MultiPolygon([shapely.box(0, 0, 0.00001, 0.00001), shapely.box(1, 1, 1.00001, 1.00001)])
    speck = shapely.box(0, 0, 1e-7, 1e-7)
    text = _paths.rings(np.array([holed, None, two, speck], dtype=object))
    assert varints(text["rings"]) == [2, 0, 2, 0]
    assert varints(text["n"]) == [4, 4, 4, 4]  # the point that closes a ring is not repeated
    assert set(zip(deltas(text["x"])[:4], deltas(text["y"])[:4], strict=True)) == {(0, 0), (9, 0), (9, 9), (0, 9)}


@given(text=st.text())
def test_safe_json_is_json_and_ends_no_script(text: str) -> None:
    written = _encode.safe_json({"text": text})
    assert json.loads(written) == {"text": text}
    assert not set(written) & set("<>&\u2028\u2029")


def test_safe_json_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        _encode.safe_json(float("nan"))


@pytest.mark.parametrize(
    ("value", "shown"), [(None, None), (float("inf"), None), (np.float64(1.23456789), 1.234568), (0, 0.0)]
)
def test_numbers_have_seven_digits_or_none(value: object, shown: float | None) -> None:
    assert _encode.number(value) == shown
