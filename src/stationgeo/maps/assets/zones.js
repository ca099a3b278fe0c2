/* Zones: filled by covered share, hatched where nobody needs a station, with borders by level. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  const SEAMS_FROM_PX = 8; // zones usually this wide have a white seam: two of one colour stay two

  sg.Zones = class {
    constructor(column) {
      Object.assign(this, column); // the plain columns: ids, names, demand, ...
      this.n = column.names.length;
      this.paths = sg.paths(column);
      const rings = sg.varints(column.rings);
      this.ring = new Uint32Array(this.n + 1);
      for (let i = 0; i < this.n; i++) this.ring[i + 1] = this.ring[i] + rings[i];
      this.boxes = Array.from({ length: this.n }, (_, i) => sg.boxOf(this.paths, this.ring[i], this.ring[i + 1]));
      this.index = new sg.Index(this.n, (i) => this.boxes[i], 4);
    }

    drawn(i) { return this.ring[i + 1] > this.ring[i]; }

    touching(view, level, margin) {
      return this.index
        .query(view.x0 - margin, view.y0 - margin, view.x1 + margin, view.y1 + margin)
        .filter((i) => this.level[i] === level && this.drawn(i));
    }

    path(context, i, view) { sg.traceRings(context, this.paths, this.ring[i], this.ring[i + 1], view); }

    /** The zone of a level under a point, -1 for none: even-odd rule over all rings, as it is filled. */
    at(latlng, level) {
      const px = sg.worldX(latlng.lng), py = sg.worldY(latlng.lat);
      const { from, x, y } = this.paths;
      for (const i of this.index.query(px, py, px, py)) {
        if (this.level[i] !== level || !this.drawn(i)) continue;
        let inside = false;
        for (let k = this.ring[i]; k < this.ring[i + 1]; k++) {
          for (let a = from[k], b = from[k + 1] - 1; a < from[k + 1]; b = a++) {
            if (y[a] > py !== y[b] > py && px < ((x[b] - x[a]) * (py - y[a])) / (y[b] - y[a]) + x[a]) inside = !inside;
          }
        }
        if (inside) return i;
      }
      return -1;
    }

    outline(i) {
      const { from, x, y } = this.paths;
      const rings = [];
      for (let k = this.ring[i]; k < this.ring[i + 1]; k++) {
        const ring = [];
        for (let p = from[k]; p < from[k + 1]; p++) ring.push(sg.latLng(x[p], y[p]));
        rings.push(ring);
      }
      return rings;
    }

    /** White paper where the zones are, so that they stand out from what is not studied. */
    land(context, view) {
      context.fillStyle = "#fcfcfb";
      const found = this.touching(view, this.levels.length - 1, 0);
      for (const i of found) {
        context.beginPath();
        this.path(context, i, view);
        context.fill("evenodd");
      }
      return found.length > 0;
    }

    fill(context, view, level, colours) {
      let pattern = null;
      const found = this.touching(view, level, 0);
      const apart = (this.typicalSize(level) * view.scale) / view.px >= SEAMS_FROM_PX;
      context.strokeStyle = "rgba(255,255,255,.6)";
      context.lineWidth = 0.7 * view.px;
      context.lineJoin = "round";
      for (const i of found) {
        context.beginPath();
        this.path(context, i, view);
        if (this.shareClass[i] < 0) {
          pattern = pattern || sg.hatch(context, view.px);
          context.fillStyle = "#f7f7f5";
          context.fill("evenodd");
          context.fillStyle = pattern;
        } else context.fillStyle = colours[this.shareClass[i]];
        context.fill("evenodd");
        if (apart) context.stroke();
      }
      return found.length > 0;
    }
  };

  /** Oblique lines, the sign for "nothing to measure here". */
  sg.hatch = function (context, px) {
    const dense = 2, side = 8; // tiles are 256 wide: the lines meet from tile to tile where px is 1
    const cell = document.createElement("canvas");
    cell.width = cell.height = side * dense;
    const pen = cell.getContext("2d");
    pen.scale(dense, dense);
    pen.strokeStyle = "#9aa0a6";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let k = -side; k <= side; k += side) {
      pen.moveTo(k - 1, side + 1);
      pen.lineTo(k + side + 1, -1);
    }
    pen.stroke();
    const pattern = context.createPattern(cell, "repeat");
    pattern.setTransform(new DOMMatrix([px / dense, 0, 0, px / dense, 0, 0]));
    return pattern;
  };
})();
