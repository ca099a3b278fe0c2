import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import stationgeo

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = [name for name in stationgeo.__all__ if not name.startswith("__")]


def test_import_loads_no_third_party_package() -> None:
    program = (
        "import json, sys; before = set(sys.modules); import stationgeo; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(ran.stdout)}
    assert loaded - set(sys.stdlib_module_names) == {"stationgeo"}


def test_modules_load_on_first_use() -> None:
    program = "import sys, stationgeo; stationgeo.crs; print('stationgeo.crs' in sys.modules, 'folium' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "False"]


def test_every_public_module_is_named_at_the_top_and_the_other_way_round() -> None:
    found = {module.name for module in pkgutil.iter_modules(stationgeo.__path__) if not module.name.startswith("_")}
    assert found - {"cli"} == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_module_exports_is_there_and_documented(name: str) -> None:
    module = importlib.import_module(f"stationgeo.{name}")
    assert module.__doc__
    for export in module.__all__:
        assert hasattr(module, export), export
        thing = getattr(module, export)
        if inspect.isroutine(thing) or inspect.isclass(thing):
            assert thing.__doc__, export


SECTIONS = ["Parameters", "Returns", "Yields", "Raises", "Notes", "References", "Examples"]
FUNCTIONS = [
    pytest.param(thing, id=f"{name}.{export}")
    for name in PUBLIC
    for export in importlib.import_module(f"stationgeo.{name}").__all__
    if inspect.isfunction(thing := getattr(importlib.import_module(f"stationgeo.{name}"), export))
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_public_functions_say_parameters_result_cost_and_an_example_in_this_order(
    function: Callable[..., object],
) -> None:
    text = inspect.getdoc(function) or ""
    found = re.findall(r"^([A-Z][a-z]+)\n-{3,}$", text, flags=re.MULTILINE)
    assert found == sorted(found, key=SECTIONS.index)
    assert {"Notes", "Examples"} <= set(found)
    assert "O(" in text
    described = re.findall(r"^(\w.*)$", text.partition("Parameters\n---")[2].partition("\n\n")[0], flags=re.MULTILINE)
    assert sorted(name for line in described for name in line.split(", ")) == sorted(
        inspect.signature(function).parameters
    )
    assert bool({"Returns", "Yields"} & set(found)) == (function.__annotations__["return"] != "None")


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'tracs'"):
        stationgeo.tracs  # noqa: B018 - the access is what is tested


def test_versions_are_pinned_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert lines == sorted(lines, key=str.lower)
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in lines)
