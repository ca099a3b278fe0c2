"""The map's parts as folium elements, so that they stand in folium's tree beside those of a caller."""

from __future__ import annotations

from typing import Any

import folium
from folium.map import Layer
from folium.template import Template
from folium.utilities import JsCode

from stationgeo.maps._encode import safe_json
from stationgeo.maps._page import Closing

__all__ = ["DrawnLayer", "Furniture", "Opening", "layer_control"]

_WIDE_PX = 720
"""A map narrower than this is on a telephone: the layer control opens by a tap."""

Bounds = list[list[float | None]]


class Opening(folium.MacroElement):
    """Hands the data to the page's script; the map's first element.

    Parameters
    ----------
    data
        What the script needs, for JSON.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}\n"
        "stationgeo.open({{ this._parent.get_name() }}, {{ this.json }});\n"
        "{% endmacro %}"
    )

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Opening"
        self.json = safe_json(data)


class DrawnLayer(Layer):
    """A layer that the page's script draws.

    Parameters
    ----------
    key
        Which one, as ``assets/app.js`` knows it.
    name
        What the layer control calls it; HTML, so escape what comes from data.
    overlay
        Whether it lies over the others (a tick) or takes turns with them (a choice).
    show
        Whether it is there when the map opens.
    bounds
        ``[[south, west], [north, east]]``, for `folium.FitOverlays` and the like.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}\n"
        "var {{ this.get_name() }} = stationgeo.layer({{ this._parent.get_name() }}, {{ this.key|tojson }});\n"
        "{% endmacro %}"
    )

    def __init__(self, key: str, *, name: str, overlay: bool, show: bool, bounds: Bounds) -> None:
        super().__init__(name=name, overlay=overlay, control=True, show=show)
        self._name = "DrawnLayer"
        self.key = key
        self.bounds = bounds

    def _get_self_bounds(self) -> Bounds:
        return self.bounds


class Furniture(Closing):
    """Card, legend, tooltips and buttons; comes last, when the layer control is there."""

    _template = Template(
        "{% macro script(this, kwargs) %}\nstationgeo.close({{ this._parent.get_name() }});\n{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Furniture"


def layer_control() -> folium.LayerControl:
    """Make the layer control: open where there is room.

    Returns
    -------
    LayerControl
        For the top right corner.
    """
    control = folium.LayerControl(position="topright")
    narrow: Any = JsCode(f"window.innerWidth < {_WIDE_PX}")  # folium's types know no code as an option
    control.options["collapsed"] = narrow
    return control
