/* H3 cells: hexagons built here from their indexes, drawn on canvas tiles, looked up under the pointer. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  const CLASS_BITS = 3, FLAG_COVERED = 4, FLAG_MAJOR = 8, DEMAND_SHIFT = 4;
  const POINTS_PER_CELL = 10; // room for the ten corners of a pentagon; a hexagon that crosses a face edge has up to 8
  const SQUARE_PX = 3, SQUARE_SIDE = 0.92, LEAST_PX = 0.8; // narrower cells are squares, never smaller than a speck
  const OWN_PX = 8; // wider cells are drawn from their own corners, others from those of a neighbour
  const RIM_PX = 18; // cells at least this wide have a rim
  const SEAM_PX = 0.5;

  sg.Cells = class {
    constructor(column) {
      this.resolution = column.resolution;
      this.unused = Math.pow(2, 3 * (15 - column.resolution));
      this.keys = sg.deltas(column.keys);
      this.n = this.keys.length;
      this.demand = sg.amounts(column.demand);
      this.flags = sg.bytes(column.flags);
      this.nStations = sg.deltas(column.n_stations);
      this.nearest = sg.deltas(column.nearest);
      this.way = sg.varints(column.way); // 1 + metres or seconds; 0 where no station is in reach
      this.zone = sg.deltas(column.zone);
      this.x = new Float64Array(this.n);
      this.y = new Float64Array(this.n);
      for (let i = 0; i < this.n; i++) {
        const centre = h3.cellToLatLng(this.split(i));
        this.x[i] = sg.worldX(centre[1]);
        this.y[i] = sg.worldY(centre[0]);
      }
      this.corners = new Float32Array(0); // offsets from the centre, made when a cell is first drawn large
      this.nCorners = new Uint8Array(this.n);
      this.index = new sg.Index(this.n, (i) => [this.x[i], this.y[i], this.x[i], this.y[i]], 64);
      this.radius = this.n ? this.measure() : 0;
    }

    /** The two 32-bit halves by which h3-js takes an index without big integers. */
    split(i) {
      const place = this.keys[i] * this.unused + (this.unused - 1);
      const high = Math.floor(place / 4294967296);
      return [place - high * 4294967296, 0x08000000 + this.resolution * 1048576 + high];
    }

    id(i) {
      const [low, high] = this.split(i);
      const hex = (value) => (value >>> 0).toString(16).padStart(8, "0");
      return (hex(high) + hex(low)).replace(/^0+/, "");
    }

    /** Row of a cell given as text, -1 if it is not on the map. */
    find(text) {
      const full = text.padStart(16, "0");
      const place = (parseInt(full.slice(0, 8), 16) & 0xfffff) * 4294967296 + parseInt(full.slice(8), 16);
      const key = Math.floor(place / this.unused);
      let low = 0, high = this.n - 1;
      while (low <= high) {
        const middle = (low + high) >> 1;
        if (this.keys[middle] === key) return middle;
        if (this.keys[middle] < key) low = middle + 1;
        else high = middle - 1;
      }
      return -1;
    }

    at(latlng) {
      if (!this.n || Math.abs(latlng.lat) > 90) return -1;
      return this.find(h3.latLngToCell(latlng.lat, latlng.lng, this.resolution));
    }

    class(i) { return this.flags[i] & CLASS_BITS; }
    covered(i) { return (this.flags[i] & FLAG_COVERED) !== 0; }
    /** One of the cells that together hold most of the demand. */
    major(i) { return (this.flags[i] & FLAG_MAJOR) !== 0; }
    demandClass(i) { return (this.flags[i] >> DEMAND_SHIFT) - 1; }

    outline(i) { return h3.cellToBoundary(this.split(i)); }

    /** Offsets of a cell's corners from its centre, in world pixels. */
    offsets(i) {
      if (!this.corners.length) this.corners = new Float32Array(2 * POINTS_PER_CELL * this.n);
      const from = 2 * POINTS_PER_CELL * i;
      if (!this.nCorners[i]) {
        const ring = this.outline(i);
        this.nCorners[i] = ring.length;
        for (let k = 0; k < ring.length; k++) {
          let dx = sg.worldX(ring[k][1]) - this.x[i];
          if (dx > 128) dx -= 256; // the cell lies across the antimeridian
          if (dx < -128) dx += 256;
          this.corners[from + 2 * k] = dx;
          this.corners[from + 2 * k + 1] = sg.worldY(ring[k][0]) - this.y[i];
        }
      }
      return from;
    }

    /** Largest distance of a corner from the centre; the largest cell is the one farthest from the equator. */
    measure() {
      let far = 0;
      for (let i = 1; i < this.n; i++) if (Math.abs(this.y[i] - 128) > Math.abs(this.y[far] - 128)) far = i;
      const from = this.offsets(far);
      let most = 0;
      for (let k = 0; k < this.nCorners[far]; k++)
        most = Math.max(most, Math.hypot(this.corners[from + 2 * k], this.corners[from + 2 * k + 1]));
      return most;
    }

    /** Adds a cell to the path, with its own corners or those of a cell like it. */
    path(context, i, like, view, stretch) {
      const scale = view.scale, x = this.x[i] * scale - view.left, y = this.y[i] * scale - view.top;
      const from = this.offsets(like), n = this.nCorners[like], corners = this.corners, far = scale * stretch;
      context.moveTo(x + corners[from] * far, y + corners[from + 1] * far);
      for (let k = 1; k < n; k++) context.lineTo(x + corners[from + 2 * k] * far, y + corners[from + 2 * k + 1] * far);
      context.closePath();
    }

    /** Draws a tile. Cells are a hair larger than they are, so that no seam of paper shows between them. */
    draw(context, view, colours, classOf) {
      const r = this.radius, scale = view.scale;
      const found = this.index.query(view.x0 - r, view.y0 - r, view.x1 + r, view.y1 + r);
      if (!found.length) return false;
      const groups = colours.map(() => []);
      for (const i of found) {
        const group = classOf(i);
        if (group >= 0) groups[group].push(i);
      }
      const width = 2 * r * scale, stretch = 1 + (SEAM_PX * view.px) / width;
      const middle = found[found.length >> 1];
      groups.forEach((group, g) => {
        context.fillStyle = colours[g];
        if (width < SQUARE_PX) {
          const side = Math.max(width * SQUARE_SIDE, LEAST_PX), left = view.left + side / 2, top = view.top + side / 2;
          for (const i of group) context.fillRect(this.x[i] * scale - left, this.y[i] * scale - top, side, side);
        } else {
          sg.inChunks(group, context, "fill", (i) => this.path(context, i, width < OWN_PX ? middle : i, view, stretch));
        }
      });
      if (width / view.px >= RIM_PX) {
        context.strokeStyle = "rgba(255,255,255,.55)";
        context.lineWidth = view.px;
        sg.inChunks(found, context, "stroke", (i) => this.path(context, i, i, view, 1));
      }
      return true;
    }
  };
})();
