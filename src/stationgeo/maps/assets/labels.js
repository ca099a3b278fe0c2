/* Names of zones, stations and sites, placed once per zoom so that they stand still while the map is dragged. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  const FAMILY = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC","Hiragino Sans GB",system-ui,sans-serif';
  const STATIONS_FROM_ZOOM = 15;
  const SITES_FROM_ZOOM = 12;
  const ZONE_STYLES = [
    // lowest level first
    { font: "11px " + FAMILY, height: 14, colour: "#6a737c" },
    { font: "12px " + FAMILY, height: 15, colour: "#4d5761" },
    { font: "600 13px " + FAMILY, height: 17, colour: "#3b454f" },
    { font: "600 15px " + FAMILY, height: 19, colour: "#2c353e" },
    { font: "600 17px " + FAMILY, height: 21, colour: "#2c353e" },
  ];
  const SITE_STYLE = { font: "600 12px " + FAMILY, height: 16, colour: "#5b1238" };
  const STATION_STYLE = { font: "11px " + FAMILY, height: 14, colour: "#37414a" };
  const BADGE_PX = 24; // a site's marker
  const LONGEST_PX = 180;
  const LEGIBLE_ZONE_PX = 72; // names of a level wait until its zones are usually this wide
  const BIN_PX = 128;

  /** Boxes that are taken, in bins, so that ten thousand labels are placed in milliseconds. */
  class Taken {
    constructor() { this.bins = new Map(); }
    each(box, call) {
      for (let r = Math.floor(box[1] / BIN_PX); r <= Math.floor(box[3] / BIN_PX); r++)
        for (let c = Math.floor(box[0] / BIN_PX); c <= Math.floor(box[2] / BIN_PX); c++)
          if (call(c + ":" + r) === false) return false;
      return true;
    }
    free(box) {
      return this.each(box, (key) => !(this.bins.get(key) || []).some(
        (b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1]));
    }
    take(box) {
      this.each(box, (key) => {
        if (!this.bins.has(key)) this.bins.set(key, []);
        this.bins.get(key).push(box);
      });
    }
  }

  sg.Labels = class {
    constructor(app) {
      this.app = app;
      this.pen = document.createElement("canvas").getContext("2d");
      this.widths = new Map();
      this.cache = new Map();
    }

    width(text, font) {
      const key = font + text;
      if (!this.widths.has(key)) {
        this.pen.font = font;
        this.widths.set(key, Math.min(LONGEST_PX, this.pen.measureText(text).width));
      }
      return this.widths.get(key);
    }

    placed(zoom) {
      const key = zoom + "|" + this.app.shown().join();
      if (!this.cache.has(key)) {
        if (this.cache.size > 12) this.cache.clear();
        this.cache.set(key, this.place(zoom));
      }
      return this.cache.get(key);
    }

    place(zoom) {
      const scale = Math.pow(2, zoom), taken = new Taken(), placed = [];
      const put = (text, style, x, y, anchor) => {
        const width = this.width(text, style.font);
        const left = anchor === "right" ? x : anchor === "left" ? x - width : x - width / 2;
        const box = [left - 2, y - style.height / 2, left + width + 2, y + style.height / 2];
        if (!taken.free(box)) return false;
        taken.take(box);
        placed.push({ text, style, left, y, width, box });
        return true;
      };
      const beside = (text, style, x, y, gap) =>
        put(text, style, x + gap, y, "right") || put(text, style, x - gap, y, "left") ||
        put(text, style, x, y + gap + style.height / 2, "") || put(text, style, x, y - gap - style.height / 2, "");

      const app = this.app, sites = app.data.sites;
      if (sites && app.isShown("sites")) {
        const lon = sg.coordinates(sites.x), lat = sg.coordinates(sites.y);
        const at = Array.from(lon, (_, i) => [sg.worldX(lon[i]) * scale, sg.worldY(lat[i]) * scale]);
        const half = BADGE_PX / 2;
        for (const [x, y] of at) taken.take([x - half, y - half, x + half, y + half]);
        if (zoom >= SITES_FROM_ZOOM)
          at.forEach(([x, y], i) => { if (sites.label[i]) beside(sites.label[i], SITE_STYLE, x, y, half + 3); });
      }
      this.placeZones(scale, put);
      const stations = app.stations;
      if (stations && zoom >= STATIONS_FROM_ZOOM) {
        const gap = stations.radius(zoom) + 4;
        for (const key of app.shownStations())
          for (const i of stations.group(key).rows)
            if (stations.names[i]) beside(stations.names[i], STATION_STYLE, stations.wx[i] * scale, stations.wy[i] * scale, gap);
      }
      const boxes = placed.map((label) => label.box.map((value) => value / scale));
      return { placed, index: new sg.Index(placed.length, (i) => boxes[i], 8) };
    }

    /** A zone's name goes where the zone is large enough to hold it, high levels first. */
    placeZones(scale, put) {
      const zones = this.app.zones;
      if (!zones) return;
      const levels = this.app.data.zones.levels.length;
      const lon = sg.coordinates(zones.label_x), lat = sg.coordinates(zones.label_y);
      for (let level = levels - 1; level >= 0; level--) {
        const style = ZONE_STYLES[levels === 1 ? 1 : Math.min(level, ZONE_STYLES.length - 1)];
        if (level < levels - 1 && zones.typicalSize(level) * scale < LEGIBLE_ZONE_PX) continue;
        for (let i = 0; i < zones.n; i++) {
          if (zones.level[i] !== level || !zones.names[i] || !zones.drawn(i)) continue;
          const box = zones.boxes[i];
          if ((box[3] - box[1]) * scale < style.height + 4) continue;
          if ((box[2] - box[0]) * scale < this.width(zones.names[i], style.font) + 6) continue;
          put(zones.names[i], style, sg.worldX(lon[i]) * scale, sg.worldY(lat[i]) * scale, "");
        }
      }
    }

    draw(context, view) {
      const { placed, index } = this.placed(view.zoom);
      context.textBaseline = "middle";
      context.lineJoin = "round";
      context.lineWidth = 3;
      context.strokeStyle = "rgba(255,255,255,.85)";
      context.scale(view.px, view.px); // places are in pixels of the screen
      const found = index.query(view.x0, view.y0, view.x1, view.y1);
      for (const i of found) {
        const { text, style, left, y, width } = placed[i];
        const at = [text, left - view.left / view.px, y - view.top / view.px, width];
        context.font = style.font;
        context.strokeText(...at);
        context.fillStyle = style.colour;
        context.fillText(...at);
      }
      return found.length > 0;
    }
  };
})();
