/* Reading the columns that maps/_encode.py and maps/_paths.py write; places in pixels; finding what is near; canvas tiles; small DOM. */
(function () {
  "use strict";
  const sg = (window.stationgeo = window.stationgeo || {});

  // ---- columns -----------------------------------------------------------------------------------------------------

  sg.bytes = function (text) {
    const raw = atob(text);
    const out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  };

  /** Whole numbers >= 0 below 2^53, seven bits a byte. Doubles hold them; bitwise operators would cut them to 32. */
  sg.varints = function (text) {
    const bytes = sg.bytes(text);
    let n = 0;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] < 128) n++;
    const out = new Float64Array(n);
    let value = 0,
      scale = 1,
      k = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      value += (byte & 127) * scale;
      if (byte < 128) {
        out[k++] = value;
        value = 0;
        scale = 1;
      } else scale *= 128;
    }
    return out;
  };

  /** Whole numbers written as differences, the sign in the lowest bit. */
  sg.deltas = function (text) {
    const out = sg.varints(text);
    let sum = 0;
    for (let i = 0; i < out.length; i++) {
      const half = Math.floor(out[i] / 2);
      sum += out[i] === half * 2 ? half : -half - 1;
      out[i] = sum;
    }
    return out;
  };

  sg.uint16s = function (text) {
    const bytes = sg.bytes(text);
    const out = new Uint16Array(bytes.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = bytes[2 * i] | (bytes[2 * i + 1] << 8);
    return out;
  };

  /** Amounts on a logarithmic scale: code 0 is nothing. */
  sg.amounts = function (column) {
    const codes = sg.uint16s(column.codes);
    const step = (column.high - column.low) / 65533;
    return Float64Array.from(codes, (code) => (code ? Math.exp(column.low + (code - 1) * step) : 0));
  };

  const COORDINATE_DEG = 1e-5;
  sg.coordinates = (text) => sg.deltas(text).map((value) => value * COORDINATE_DEG);

  // ---- places ------------------------------------------------------------------------------------------------------

  // World pixels at zoom 0 of the Web Mercator projection, which is Leaflet's own: 256 wide, y down.
  const WORLD = 256;
  const HIGHEST_LAT = 85.0511287798;
  sg.worldX = (lon) => ((lon + 180) / 360) * WORLD;
  sg.worldY = function (lat) {
    const sin = Math.sin((Math.max(-HIGHEST_LAT, Math.min(HIGHEST_LAT, lat)) * Math.PI) / 180);
    return (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * WORLD;
  };
  sg.latLng = (x, y) => [
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / WORLD))) * 180) / Math.PI,
    (x / WORLD) * 360 - 180,
  ];

  /** Which boxes (or points) touch a rectangle: a square grid of bins over all of them. */
  sg.Index = class {
    constructor(n, box, perBin) {
      this.box = box; // box(i) gives [x0, y0, x1, y1] in world pixels
      let x0 = Infinity,
        y0 = Infinity,
        x1 = -Infinity,
        y1 = -Infinity;
      const boxes = new Float64Array(4 * n);
      for (let i = 0; i < n; i++) {
        const b = box(i);
        boxes.set(b, 4 * i);
        if (b[0] > b[2]) continue; // nothing drawn, nothing to find
        if (b[0] < x0) x0 = b[0];
        if (b[1] < y0) y0 = b[1];
        if (b[2] > x1) x1 = b[2];
        if (b[3] > y1) y1 = b[3];
      }
      this.boxes = boxes;
      this.bounds = [x0, y0, x1, y1];
      const bins = Math.max(1, Math.ceil(n / (perBin || 24)));
      const width = Math.max(x1 - x0, 1e-9),
        height = Math.max(y1 - y0, 1e-9);
      this.step = Math.max(Math.sqrt((width * height) / bins), Math.max(width, height) / 1000);
      this.columns = Math.floor(width / this.step) + 1;
      this.rows = Math.floor(height / this.step) + 1;
      const start = new Uint32Array(this.columns * this.rows + 1);
      const each = (call) => {
        for (let i = 0; i < n; i++) {
          if (boxes[4 * i] > boxes[4 * i + 2]) continue;
          const [c0, r0, c1, r1] = this.span(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
          for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) call(i, r * this.columns + c);
        }
      };
      each((i, bin) => start[bin + 1]++);
      for (let bin = 0; bin < start.length - 1; bin++) start[bin + 1] += start[bin];
      const next = start.slice();
      const items = new Uint32Array(start[start.length - 1]);
      each((i, bin) => {
        items[next[bin]++] = i;
      });
      this.start = start;
      this.items = items;
      this.seen = new Uint32Array(n);
      this.turn = 0;
    }

    span(x0, y0, x1, y1) {
      const at = (value, from, n) => Math.max(0, Math.min(n - 1, Math.floor((value - from) / this.step)));
      return [
        at(x0, this.bounds[0], this.columns),
        at(y0, this.bounds[1], this.rows),
        at(x1, this.bounds[0], this.columns),
        at(y1, this.bounds[1], this.rows),
      ];
    }

    /** Calls back with each item whose box touches the rectangle, in rising order of the item's number. */
    query(x0, y0, x1, y1) {
      const found = [];
      if (x1 < this.bounds[0] || y1 < this.bounds[1] || x0 > this.bounds[2] || y0 > this.bounds[3]) return found;
      const [c0, r0, c1, r1] = this.span(x0, y0, x1, y1);
      const turn = ++this.turn;
      for (let r = r0; r <= r1; r++) {
        for (let c = c0; c <= c1; c++) {
          const bin = r * this.columns + c;
          for (let k = this.start[bin]; k < this.start[bin + 1]; k++) {
            const i = this.items[k];
            if (this.seen[i] === turn) continue;
            this.seen[i] = turn;
            const b = 4 * i;
            if (this.boxes[b] <= x1 && this.boxes[b + 2] >= x0 && this.boxes[b + 1] <= y1 && this.boxes[b + 3] >= y0)
              found.push(i);
          }
        }
      }
      return found.sort((a, b) => a - b);
    }
  };

  /** Paths of maps/_paths.py in world pixels: path k has the points from[k] up to from[k + 1]. */
  sg.paths = function (column) {
    const n = sg.varints(column.n);
    const lon = sg.coordinates(column.x),
      lat = sg.coordinates(column.y);
    const from = new Uint32Array(n.length + 1);
    for (let k = 0; k < n.length; k++) from[k + 1] = from[k] + n[k];
    return { n: n.length, from, x: lon.map(sg.worldX), y: lat.map(sg.worldY) };
  };

  /** Adds closed rings first..last to a canvas's path. */
  sg.traceRings = function (context, paths, first, last, view) {
    const { from, x, y } = paths,
      { scale, left, top } = view;
    for (let k = first; k < last; k++) {
      context.moveTo(x[from[k]] * scale - left, y[from[k]] * scale - top);
      for (let p = from[k] + 1; p < from[k + 1]; p++) context.lineTo(x[p] * scale - left, y[p] * scale - top);
      context.closePath();
    }
  };

  sg.boxOf = function (paths, first, last) {
    let x0 = Infinity,
      y0 = Infinity,
      x1 = -Infinity,
      y1 = -Infinity;
    for (let k = paths.from[first]; k < paths.from[last]; k++) {
      const x = paths.x[k],
        y = paths.y[k];
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
    }
    return [x0, y0, x1, y1];
  };

  // ---- drawing -----------------------------------------------------------------------------------------------------

  /**
   * A layer that draws square canvases; Leaflet moves and keeps them. `draw(context, view)` says whether it drew
   * anything. It gets the tile's rectangle in world pixels (x0, y0, x1, y1) and the way to the tile's own pixels,
   * x * scale - left and y * scale - top: in doubles, because the canvas computes in floats and a world pixel at zoom 19
   * has nine digits. The map stops at half zooms, tiles are made for whole ones: `px` is what a pixel of the screen
   * measures on the tile, `zoom` is the map's own.
   */
  sg.CanvasTiles = L.GridLayer.extend({
    options: { tileSize: 256, updateWhenZooming: false, keepBuffer: 1, noWrap: true },
    initialize: function (draw, options) {
      L.setOptions(this, options);
      this.draw = draw;
    },
    getEvents: function () {
      const events = L.GridLayer.prototype.getEvents.call(this);
      events.zoomend = () => {
        // 10.5 and 11 share their tiles: what has a width on the screen must be drawn anew.
        const old = this.drawnFor !== undefined && this.drawnFor !== this._map.getZoom();
        if (old && this.drawnTiles === this._tileZoom) this.redraw();
      };
      return events;
    },
    createTile: function (coords) {
      const size = this.getTileSize().x;
      const zoom = (this.drawnFor = this._map.getZoom());
      this.drawnTiles = coords.z;
      const dense = Math.min(window.devicePixelRatio || 1, 2);
      const tile = document.createElement("canvas");
      tile.width = tile.height = Math.round(size * dense);
      const scale = Math.pow(2, coords.z);
      const context = tile.getContext("2d");
      context.setTransform(dense, 0, 0, dense, 0, 0);
      const drawn = this.draw(context, {
        scale,
        zoom,
        px: Math.pow(2, coords.z - zoom),
        left: coords.x * size,
        top: coords.y * size,
        x0: (coords.x * size) / scale,
        y0: (coords.y * size) / scale,
        x1: ((coords.x + 1) * size) / scale,
        y1: ((coords.y + 1) * size) / scale,
      });
      // A canvas costs memory and time in every frame, an empty element nothing.
      const shown = drawn ? tile : document.createElement("div");
      shown.classList.add("leaflet-tile-loaded"); // it is: a printer does not wait for Leaflet's next frame to say so
      return shown;
    },
  });

  /**
   * Fills or strokes many small shapes, a few dozen to a path. One path of thousands of edges takes a canvas seconds, and
   * shapes of their own cost more than need be.
   */
  const CHUNK = 64;
  sg.inChunks = function (items, context, finish, trace) {
    for (let at = 0; at < items.length; at += CHUNK) {
      context.beginPath();
      for (let k = at; k < Math.min(at + CHUNK, items.length); k++) trace(items[k]);
      context[finish]();
    }
  };

  /** Canvases in front of or behind one another, none of which takes the pointer from what lies below. */
  sg.pane = function (map, name, zIndex) {
    const pane = map.getPane(name) || map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
    return name;
  };

  // ---- numbers and words -------------------------------------------------------------------------------------------

  // Built once: making an Intl.NumberFormat costs more than a tooltip may.
  const THREE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);
  sg.amount = (value) => (known(value) ? THREE.format(value) : "–");
  sg.count = (value) => (known(value) ? WHOLE.format(value) : "–");
  sg.percent = (share) => (known(share) ? (100 * share).toFixed(1) + "%" : "–");
  sg.metres = (m) => (m < 1000 ? Math.round(m) + " m" : (m / 1000).toFixed(m < 10000 ? 2 : 1) + " km");
  sg.seconds = (s) => (s < 60 ? Math.round(s) + " s" : (s / 60).toFixed(1) + " min");

  /** An element with a class and children; text becomes text nodes, never markup. */
  sg.element = function (tag, name, ...children) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    for (const child of children) if (known(child)) node.append(child);
    return node;
  };

  /** What a tooltip shows: a heading, an optional line under it, and rows of label and value. */
  sg.card = function (heading, under, rows) {
    const body = sg.element("table", "");
    for (const [label, value, swatch] of rows) {
      const cell = sg.element("td", "");
      if (swatch) cell.append(sg.swatch(swatch));
      cell.append(String(value));
      body.append(sg.element("tr", "", sg.element("th", "", label), cell));
    }
    return sg.element(
      "div",
      "",
      sg.element("strong", "", heading),
      under ? sg.element("div", "sg-under", under) : null,
      rows.length ? body : null,
    );
  };

  sg.swatch = function (colour) {
    const node = sg.element("i", "sg-swatch");
    node.style.background = colour;
    return node;
  };
})();
