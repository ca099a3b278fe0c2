"""A decay is one section wherever a study names one; that of [partial] ends at the cutoff of the reach."""

from pathlib import Path

import pytest

from stationgeo import reach, study
from stationgeo.errors import StudyError


def read(path: Path, more: str) -> study.Study:
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return study.Study.read(path)


def decay_of(asked: study.Study) -> reach.Decay:
    assert asked.partial is not None
    return asked.partial.decay.build(cutoff=asked.reach.cutoff)


# The toy town's stations serve up to 600 m.
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{}", reach.linear(cutoff=600)),
        ("{ full_to = 100 }", reach.linear(cutoff=600, full_to=100)),
        ('{ name = "step" }', reach.step(cutoff=600)),
        ('{ name = "gaussian" }', reach.gaussian(cutoff=600)),
        ('{ name = "exponential", scale = 200 }', reach.exponential(scale=200, cutoff=600)),
        ('{ name = "logistic", midpoint = 300, spread = 50 }', reach.logistic(midpoint=300, spread=50, cutoff=600)),
        # What the reach says holds where nothing else is said, and bands and tables end where they end.
        ('{ name = "gaussian", cutoff = 450 }', reach.gaussian(cutoff=450)),
        ('{ name = "power", exponent = 2, least = 100 }', reach.power(exponent=2, least=100, cutoff=600)),
        ('{ name = "banded", upto = [200, 400], weight = [1, 0.5] }', reach.banded([200, 400], [1, 0.5])),
        ('{ name = "tabulated", impedance = [0, 500], weight = [1, 0] }', reach.tabulated([0, 500], [1, 0])),
    ],
)
def test_a_decay_of_partial_ends_at_the_cutoff_of_the_reach(toy_study: Path, said: str, meant: reach.Decay) -> None:
    assert decay_of(read(toy_study, f"[partial]\ndecay = {said}\n")) == meant


def test_partial_without_a_decay_is_linear(toy_study: Path) -> None:
    assert decay_of(read(toy_study, "[partial]\n")) == reach.linear(cutoff=600)


def test_bands_say_how_much_of_the_demand_is_covered(toy_study: Path) -> None:
    # All stations stand where the demand is, but for what cells are off by, less than 80 m of line or 96 m of way: in
    # the first band, that is worth a half. 60 of 150 are in reach.
    asked = read(toy_study, '[partial]\ndecay = { name = "banded", upto = [100, 200], weight = [0.5, 0.25] }\n')
    found = {one.measure: one.headline["share"] for one in study.run(asked).partial}
    assert found["gradual"] == pytest.approx(0.5 * 60 / 150)


@pytest.mark.parametrize(
    ("decay", "message"),
    [
        ('{ name = "exponential" }', r"partial\.decay: exponential needs scale\."),
        ('{ name = "logistic" }', r"partial\.decay: logistic needs midpoint, spread\."),
        ('{ name = "step", scale = 3 }', r"partial\.decay: step has no scale; .*cutoff"),
        ('{ name = "banded", upto = [1], weight = [1], cutoff = 5 }', r"partial\.decay: banded has no cutoff; .*upto"),
        ('{ name = "steep" }', r"partial\.decay\.name: .*'step'"),
        ('{ name = "step", cut_off = 3 }', r"partial\.decay\.cut_off: unknown key 'cut_off'; .*cutoff"),
        # These are known to be wrong when the reach is known: it is when the study is read.
        ("{ full_to = 700 }", r"partial: full_to must be 0 or more and less than cutoff = 600\.0\. Got 700\.0"),
        ('{ name = "exponential", scale = -1 }', r"partial: scale must be .* Got -1\.0 instead; see partial\.decay\."),
    ],
)
def test_what_does_not_fit_is_told_when_the_study_is_read(toy_study: Path, decay: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(toy_study, f"[partial]\ndecay = {decay}\n")


@pytest.mark.parametrize(
    ("decay", "message"),
    [
        ('{ name = "gaussian" }', r"supply\.decay: gaussian needs cutoff\."),
        ("{ cutoff = 300 }", r"supply\.decay\.name: is required"),
    ],
)
def test_a_decay_of_supply_takes_nothing_from_elsewhere(toy_study: Path, decay: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(toy_study, f'[supply]\nmethod = "KD2SFCA"\ndwell_s = 60\ndecay = {decay}\n')
