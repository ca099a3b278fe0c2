/* What gives a bare map its bearings: streets and the borders of zones. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  // Classes of streets as maps/_layers.py numbers them: width in pixels at zoom 15, colour, first zoom that shows it.
  const STREETS = [
    { width: 3.4, colour: "#bdc3ca", from: 0 }, // through roads
    { width: 2.2, colour: "#c9ced4", from: 11 }, // distributors
    { width: 1.3, colour: "#d3d8dd", from: 13 }, // all other streets
    { width: 0.8, colour: "#dadee2", from: 15 }, // ways for feet and bicycles
  ];
  const REFERENCE_ZOOM = 15;
  // A network without classes is all "other streets": shown at every zoom, or the map would be blank.
  const thin = (width, zoom) => Math.max(0.4, width * Math.pow(1.35, Math.min(zoom, 18) - REFERENCE_ZOOM));

  sg.Streets = class {
    constructor(column) {
      this.paths = sg.paths(column);
      this.kind = sg.bytes(column.kind);
      this.ranked = column.ranked;
      this.index = new sg.Index(this.paths.n, (i) => sg.boxOf(this.paths, i, i + 1), 16);
    }

    draw(context, view) {
      const margin = (4 * view.px) / view.scale,
        { from, x, y } = this.paths;
      const { scale, left, top } = view;
      const found = this.index.query(view.x0 - margin, view.y0 - margin, view.x1 + margin, view.y1 + margin);
      context.lineCap = context.lineJoin = "round";
      for (let kind = STREETS.length - 1; kind >= 0; kind--) {
        const style = STREETS[kind];
        if (this.ranked && view.zoom < style.from) continue;
        context.strokeStyle = style.colour;
        context.lineWidth = thin(style.width, view.zoom) * view.px;
        const ofKind = found.filter((i) => this.kind[i] === kind);
        sg.inChunks(ofKind, context, "stroke", (i) => {
          context.moveTo(x[from[i]] * scale - left, y[from[i]] * scale - top);
          for (let p = from[i] + 1; p < from[i + 1]; p++) context.lineTo(x[p] * scale - left, y[p] * scale - top);
        });
      }
      return found.length > 0;
    }
  };

  // Areas as maps/_backdrop.py numbers them: water, green, other.
  const AREAS = ["#cfdfe9", "#e0e9da", "#eceae4"];

  sg.Areas = class {
    constructor(column) {
      this.paths = sg.paths(column);
      const rings = sg.varints(column.rings);
      this.ring = new Uint32Array(rings.length + 1);
      for (let i = 0; i < rings.length; i++) this.ring[i + 1] = this.ring[i] + rings[i];
      this.kind = sg.bytes(column.kind);
      this.index = new sg.Index(rings.length, (i) => sg.boxOf(this.paths, this.ring[i], this.ring[i + 1]), 4);
    }

    draw(context, view) {
      const found = this.index.query(view.x0, view.y0, view.x1, view.y1);
      for (const i of found) {
        context.beginPath();
        sg.traceRings(context, this.paths, this.ring[i], this.ring[i + 1], view);
        context.fillStyle = AREAS[this.kind[i]];
        context.fill("evenodd");
      }
      return found.length > 0;
    }
  };

  // Borders, lowest level first: the higher the level, the stronger the line. Lines of a level are left out while its
  // zones are too small on the screen to be told apart. Opaque, because neighbours share their border and draw it
  // twice; the pane multiplies them with what is below.
  const BORDERS = [
    { width: 0.6, colour: "#aeb4ba" },
    { width: 1.0, colour: "#979ea6" },
    { width: 1.5, colour: "#79828b" },
    { width: 2.2, colour: "#616b75" },
    { width: 2.8, colour: "#4c5660" },
  ];
  const SMALLEST_ZONE_PX = 14;

  sg.drawBorders = function (zones, levels, context, view) {
    context.lineJoin = "round";
    let drawn = 0;
    levels.forEach((level, rank) => {
      const style = BORDERS[Math.min(BORDERS.length - 1, rank + (levels.length === 1 ? 1 : 0))];
      if ((zones.typicalSize(level) * view.scale) / view.px < SMALLEST_ZONE_PX && rank < levels.length - 1) return;
      context.strokeStyle = style.colour;
      context.lineWidth = style.width * view.px;
      const touching = zones.touching(view, level, (4 * view.px) / view.scale);
      sg.inChunks(touching, context, "stroke", (i) => zones.path(context, i, view));
      drawn += touching.length;
    });
    return drawn > 0;
  };

  /** Median width of the zones of a level, in world pixels. */
  sg.Zones.prototype.typicalSize = function (level) {
    this.sizes = this.sizes || {};
    if (!(level in this.sizes)) {
      const widths = [];
      for (let i = 0; i < this.n; i++)
        if (this.level[i] === level && this.drawn(i)) widths.push(this.boxes[i][2] - this.boxes[i][0]);
      widths.sort((a, b) => a - b);
      this.sizes[level] = widths.length ? widths[widths.length >> 1] : 0;
    }
    return this.sizes[level];
  };
})();
