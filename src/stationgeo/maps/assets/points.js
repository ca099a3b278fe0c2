/* Stations, drawn on canvas tiles because there may be thousands; proposed sites, few and numbered, as markers. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  const SMALLEST_PX = 2.4, LARGEST_PX = 8, GROWTH_PX = 0.75, GROWTH_FROM_ZOOM = 10.5;
  const POINTER_PX = 5; // how far beside a marker the pointer may be
  const TURN = Math.PI * 2;

  const CORNERS = {
    // x, y of the corners for radius 1, with areas near that of a circle of radius 1
    square: [-0.88, -0.88, 0.88, -0.88, 0.88, 0.88, -0.88, 0.88],
    diamond: [0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0],
    triangle: [0, -1.25, 1.2, 0.85, -1.2, 0.85],
    inverted: [0, 1.25, 1.2, -0.85, -1.2, -0.85],
    pentagon: [0, -1.15, 1.1, -0.36, 0.68, 0.93, -0.68, 0.93, -1.1, -0.36],
    hexagon: [-0.55, -0.95, 0.55, -0.95, 1.1, 0, 0.55, 0.95, -0.55, 0.95, -1.1, 0],
  };

  /** Draws the sign of a kind of station. A cluster is a ring: it is no station. */
  sg.drawSign = function (context, x, y, radius, kind, px) {
    context.beginPath();
    if (kind.cluster) {
      context.arc(x, y, radius * 1.35, 0, TURN);
      context.lineWidth = Math.max(1.4 * px, radius * 0.5);
      context.strokeStyle = "rgba(255,255,255,.9)";
      context.stroke();
      context.lineWidth = Math.max(px, radius * 0.32);
      context.strokeStyle = kind.colour;
      context.stroke();
      context.beginPath();
      context.arc(x, y, radius * 0.4, 0, TURN);
      context.fillStyle = kind.colour;
      context.fill();
      return;
    }
    const corners = CORNERS[kind.shape];
    if (corners) {
      context.moveTo(x + corners[0] * radius, y + corners[1] * radius);
      for (let k = 2; k < corners.length; k += 2) context.lineTo(x + corners[k] * radius, y + corners[k + 1] * radius);
      context.closePath();
    } else context.arc(x, y, radius * (kind.shape === "dot" ? 0.75 : 1), 0, TURN);
    context.fillStyle = kind.colour;
    context.fill();
    context.strokeStyle = "#fff";
    context.lineWidth = (radius > 4 * px ? 1.4 : 0.8) * px;
    context.stroke();
  };

  sg.Stations = class {
    constructor(column) {
      Object.assign(this, column);
      this.n = column.ids.length;
      this.lon = sg.coordinates(column.x);
      this.lat = sg.coordinates(column.y);
      this.wx = this.lon.map(sg.worldX);
      this.wy = this.lat.map(sg.worldY);
      this.kind = sg.deltas(column.kind);
      this.groups = {};
      this.shapes = column.shapes ? sg.paths(column.shapes) : null;
    }

    radius(zoom) {
      return Math.max(SMALLEST_PX, Math.min(LARGEST_PX, SMALLEST_PX + (zoom - GROWTH_FROM_ZOOM) * GROWTH_PX));
    }

    /** Stations of one group of kinds, a layer each: their rows and an index over them. */
    group(key) {
      if (!this.groups[key]) {
        const rows = [];
        for (let i = 0; i < this.n; i++) if (this.kinds[this.kind[i]].group === key) rows.push(i);
        const at = (k) => [this.wx[rows[k]], this.wy[rows[k]], this.wx[rows[k]], this.wy[rows[k]]];
        const group = { rows, index: new sg.Index(rows.length, at) };
        if (this.shapes) {
          group.paths = this.shapes_of.map((i, k) => (this.kinds[this.kind[i]].group === key ? k : -1)).filter((k) => k >= 0);
        }
        this.groups[key] = group;
      }
      return this.groups[key];
    }

    draw(context, view, key) {
      const group = this.group(key), radius = this.radius(view.zoom) * view.px, margin = (2 * radius) / view.scale;
      const found = group.index.query(view.x0 - margin, view.y0 - margin, view.x1 + margin, view.y1 + margin);
      for (const k of group.paths || []) this.drawShape(context, view, k);
      for (const r of found) {
        const i = group.rows[r];
        const x = this.wx[i] * view.scale - view.left, y = this.wy[i] * view.scale - view.top;
        sg.drawSign(context, x, y, radius, this.kinds[this.kind[i]], view.px);
      }
      return found.length > 0 || Boolean(group.paths && group.paths.length);
    }

    /** The street or area that a cluster is: a broad, pale line. */
    drawShape(context, view, k) {
      const { from, x, y } = this.shapes;
      context.beginPath();
      context.moveTo(x[from[k]] * view.scale - view.left, y[from[k]] * view.scale - view.top);
      for (let p = from[k] + 1; p < from[k + 1]; p++)
        context.lineTo(x[p] * view.scale - view.left, y[p] * view.scale - view.top);
      context.lineJoin = context.lineCap = "round";
      context.lineWidth = Math.max(2, this.radius(view.zoom)) * view.px;
      context.strokeStyle = this.kinds[this.kind[this.shapes_of[k]]].colour;
      context.globalAlpha = 0.45;
      context.stroke();
      context.globalAlpha = 1;
    }

    /** The nearest station of the shown groups under the pointer, -1 for none. */
    at(latlng, zoom, keys) {
      const scale = Math.pow(2, zoom), reach = (this.radius(zoom) + POINTER_PX) / scale;
      const x = sg.worldX(latlng.lng), y = sg.worldY(latlng.lat);
      let best = -1, least = reach;
      for (const key of keys) {
        const group = this.group(key);
        for (const r of group.index.query(x - reach, y - reach, x + reach, y + reach)) {
          const away = Math.hypot(this.wx[group.rows[r]] - x, this.wy[group.rows[r]] - y);
          if (away <= least) {
            least = away;
            best = group.rows[r];
          }
        }
      }
      return best;
    }
  };

  /** Proposed sites as numbered markers, rank 1 on top; they can be reached with the keyboard. */
  sg.sitesLayer = function (app) {
    const sites = app.data.sites;
    const lon = sg.coordinates(sites.x), lat = sg.coordinates(sites.y);
    const layer = L.featureGroup();
    for (let i = sites.rank.length - 1; i >= 0; i--) {
      const digits = String(sites.rank[i]).length;
      const look = "sg-site" + (sites.action[i] === "new" ? "" : " sg-site-host") + (digits > 2 ? " sg-site-small" : "");
      const badge = sg.element("span", look, String(sites.rank[i]));
      const icon = L.divIcon({ className: "sg-site-icon", html: badge, iconSize: [24, 24] });
      const marker = L.marker([lat[i], lon[i]], {
        icon, zIndexOffset: 1000 - sites.rank[i], pane: "sg-sites", keyboard: true, riseOnHover: true,
        alt: app.texts.rank + " " + sites.rank[i],
      });
      const show = () => app.tip.show(app.siteCard(i), app.map.latLngToContainerPoint(marker.getLatLng()));
      marker.on("mouseover click", show).on("mouseout", () => app.tip.hide());
      marker.on("add", () => {
        marker.getElement().addEventListener("focus", show);
        marker.getElement().addEventListener("blur", () => app.tip.hide());
      });
      layer.addLayer(marker);
    }
    return layer;
  };
})();
