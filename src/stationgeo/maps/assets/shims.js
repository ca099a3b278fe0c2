/* What folium's own templates expect of other libraries, as far as the layers of a caller need it without a network. */
(function () {
  "use strict";
  const sg = (window.stationgeo = window.stationgeo || {});

  // folium.Popup writes `$("<div ...>")[0]`, keep_in_front writes `$(document).ready(f)`. A page that brings the real
  // jQuery keeps it.
  if (!window.$) {
    window.$ = function (what) {
      if (typeof what === "string") {
        const box = document.createElement("template");
        box.innerHTML = what.trim();
        return Array.from(box.content.children);
      }
      return {
        ready: function (call) {
          if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => call());
          else call();
        },
      };
    };
  }

  // folium.Icon is drawn by Leaflet.awesome-markers and an icon font: here it is a pin of the asked colour.
  const PIN = "M12 0C5 0 0 5 0 12c0 8 12 20 12 20s12-12 12-20C24 5 19 0 12 0z";
  const SVG = "data:image/svg+xml,";
  if (!L.AwesomeMarkers) {
    L.AwesomeMarkers = {
      icon: function (options) {
        const colour = String((options && options.markerColor) || "blue").replace(/[^#\w]/g, "");
        const svg =
          "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 32'><path d='" + PIN + "' fill='" + colour +
          "' stroke='white'/><circle cx='12' cy='12' r='4' fill='white'/></svg>";
        return L.icon({
          iconUrl: SVG + encodeURIComponent(svg), iconSize: [24, 32], iconAnchor: [12, 32], popupAnchor: [0, -30],
          tooltipAnchor: [12, -18],
        });
      },
    };
  }

  // Leaflet finds the pictures of its own marker by the address of its style sheet, which has none here.
  sg.inlineIcons = function (icon, retina, shadow) {
    L.Icon.Default.imagePath = "";
    L.Icon.Default.mergeOptions({ iconUrl: icon, iconRetinaUrl: retina, shadowUrl: shadow });
  };
})();
