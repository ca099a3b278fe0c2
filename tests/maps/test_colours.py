from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo.maps import _colours

Matrix = tuple[tuple[float, float, float], ...]

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB. doi:10.1109/TVCG.2009.113
SIGHT: dict[str, Matrix] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def lab(colour: str, sight: Matrix) -> np.ndarray:
    """CIE L*a*b* (D65) of an sRGB colour as an eye sees it."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(sight) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.where((t := xyz / [0.9505, 1.0, 1.089]) > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_every_eye_tells_the_classes_apart(sight: str) -> None:
    seen = [lab(colour, SIGHT[sight]) for colour in _colours.CLASS_COLOURS]
    apart = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(apart) > 20  # two patches side by side are told apart from about 2 (CIE76)


@pytest.mark.parametrize("sight", SIGHT)
def test_neither_is_the_darkest_class_for_every_eye(sight: str) -> None:
    lightness = [lab(colour, SIGHT[sight])[0] for colour in _colours.CLASS_COLOURS]
    assert int(np.argmin(lightness)) == _colours.CLASSES.index("neither")
    assert sorted(lightness)[1] - min(lightness) > 15


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("palette", "darker"), [("DEMAND_COLOURS", True), ("SHARE_COLOURS", False)])
def test_palettes_keep_their_order_for_every_eye(sight: str, palette: str, *, darker: bool) -> None:
    steps = np.diff([lab(colour, SIGHT[sight])[0] for colour in getattr(_colours, palette)])
    assert ((steps < 0) if darker else (steps > 0)).all()


@given(amounts=st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=60), classes=st.integers(1, 7))
def test_every_amount_has_a_class_and_none_is_empty_below_the_first(amounts: list[float], classes: int) -> None:
    values = np.array(amounts)
    limits = _colours.quantile_limits(values, classes=classes)
    found = _colours.classified(values, limits)
    assert len(limits) <= classes - 1
    assert (np.diff(limits) > 0).all()
    assert ((found == -1) == (values <= 0)).all()
    for value, code in zip(values[values > 0], found[values > 0], strict=True):
        assert code == sum(limit <= value for limit in limits)
    if len(limits):
        assert {0, len(limits)} <= set(found.tolist())


def test_quantiles_put_as_many_cells_into_each_class() -> None:
    amounts = np.arange(1.0, 601.0)
    # Sixths of 1..600 end at 100.8, 200.7, ...; two digits: 100, 200, 300, 400, 500.
    limits = _colours.quantile_limits(amounts, classes=6)
    assert limits.tolist() == [100, 200, 300, 400, 500]
    assert np.bincount(_colours.classified(amounts, limits)).tolist() == [99, 100, 100, 100, 100, 101]


def test_equal_amounts_are_one_class() -> None:
    assert _colours.quantile_limits(np.full(9, 3.0), classes=6).size == 0


@pytest.mark.parametrize(
    ("amounts", "marked"),
    [([5, 3, 2], [1, 1, 0]), ([0, 0], [0, 0]), ([1, 1, 1, 1, 1], [1, 1, 1, 1, 0]), ([10, 0, 0], [1, 0, 0])],
)
def test_the_fewest_cells_that_hold_four_fifths(amounts: list[float], marked: list[int]) -> None:
    assert _colours.major(np.array(amounts, dtype=float), share=0.8).astype(int).tolist() == marked
