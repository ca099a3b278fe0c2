/* Ties it together for one map: folium calls open() first, layer() for each layer, close() last. */
(function () {
  "use strict";
  const sg = window.stationgeo;

  // Leaflet's own panes are 200 (tiles), 400 (vectors of a caller), 600 (markers), 650 and 700 (tooltips, pop-ups).
  const PANES = {
    "sg-land": 205, "sg-areas": 207, "sg-fill": 210, "sg-streets": 220, "sg-borders": 410, "sg-highlight": 450,
    "sg-stations": 560, "sg-labels": 570, "sg-sites": 620,
  };

  const NEAR_ZOOM = 12.5;
  const WIDE_PX = 860; // a map this wide has room beside the card
  const LEAST_LEGEND_PX = 150;

  class App {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.texts = data.texts;
      this.layers = {};
      this.cells = data.cells ? new sg.Cells(data.cells) : null;
      this.zones = data.zones ? new sg.Zones(data.zones) : null;
      this.stations = data.stations ? new sg.Stations(data.stations) : null;
      this.streets = data.streets ? new sg.Streets(data.streets) : null;
      for (const name in PANES) sg.pane(map, name, PANES[name]);
      // Streets and borders darken the shading as ink would; its own colours stay those of the legend.
      for (const name of ["sg-streets", "sg-borders"]) map.getPane(name).style.mixBlendMode = "multiply";
      this.bounds = data.bounds || this.boundsOf(this.cells.index.bounds);
      this.labels = new sg.Labels(this);
      this.tip = new sg.Tip(map);
      this.fit();
      this.paper();
    }

    /** What is always there: white land where the zones are, and water and green on it. */
    paper() {
      const map = this.map;
      if (this.zones) new sg.CanvasTiles((context, view) => this.zones.land(context, view), { pane: "sg-land" }).addTo(map);
      if (!this.data.background) return;
      const areas = new sg.Areas(this.data.background);
      new sg.CanvasTiles((context, view) => areas.draw(context, view), { pane: "sg-areas" }).addTo(map);
    }

    boundsOf([x0, y0, x1, y1]) { return [sg.latLng(x0, y1), sg.latLng(x1, y0)]; }

    /** Shows everything, beside the card and the layer control where there is room for that. */
    fit() {
      const wide = this.map.getSize().x >= WIDE_PX;
      this.map.fitBounds(this.bounds, {
        animate: false, paddingTopLeft: wide ? [304, 24] : [10, sg.isNarrow(this.map) ? 60 : 10],
        paddingBottomRight: wide ? [160, 24] : [10, 30],
      });
    }

    layer(key) {
      const layer = this.make(key);
      this.layers[key] = layer;
      return layer;
    }

    make(key) {
      const tiles = (pane, draw) => new sg.CanvasTiles(draw, { pane });
      const [what, which, level] = key.split(":");
      if (what === "streets") return tiles("sg-streets", (context, view) => this.streets.draw(context, view));
      if (what === "names") return tiles("sg-labels", (context, view) => this.labels.draw(context, view));
      if (what === "borders") {
        const levels = this.data.zones.levels.map((_, i) => i);
        return tiles("sg-borders", (context, view) => sg.drawBorders(this.zones, levels, context, view));
      }
      if (what === "stations") {
        return tiles("sg-stations", (context, view) => this.stations.draw(context, view, which));
      }
      if (what === "sites") return sg.sitesLayer(this);
      const theme = this.data.themes[key];
      if (which === "share") {
        return tiles("sg-fill", (context, view) => this.zones.fill(context, view, Number(level), theme.colours));
      }
      if (which === "none") return L.layerGroup();
      const cells = this.cells;
      const classOf = which === "demand" ? (i) => cells.demandClass(i)
        : (i) => cells.class(i) + (cells.major(i) ? 0 : cells.demand[i] > 0 ? 4 : 8); // three strengths of four colours
      return tiles("sg-fill", (context, view) => cells.draw(context, view, theme.colours, classOf));
    }

    isShown(key) { return key in this.layers && this.map.hasLayer(this.layers[key]); }
    shown() { return Object.keys(this.layers).filter((key) => this.isShown(key)); }
    shownStations() { return this.shown().filter((key) => key.startsWith("stations:")).map((key) => key.slice(9)); }
    theme() { return this.shown().find((key) => key.startsWith("theme:")); }

    // ---- what lies under the pointer -------------------------------------------------------------------------------

    /** The topmost thing there: what it is (key), its card and its outline. */
    under(latlng) {
      if (this.stations) {
        const i = this.stations.at(latlng, this.map.getZoom(), this.shownStations());
        if (i >= 0) return { key: "station" + i, card: () => this.stationCard(i) };
      }
      const theme = this.theme() || "";
      if (theme.startsWith("theme:share")) {
        const i = this.zones.at(latlng, Number(theme.split(":")[2]));
        if (i >= 0) return { key: "zone" + i, card: () => this.zoneCard(i), outline: () => this.zones.outline(i) };
      } else if (theme !== "theme:none" && theme && this.cells) {
        const i = this.cells.at(latlng);
        if (i >= 0) return { key: "cell" + i, card: () => this.cellCard(i), outline: () => this.cells.outline(i) };
      }
      return null;
    }

    /** Badges of sites are smaller while the whole city is in view. */
    far() { this.map.getContainer().classList.toggle("sg-far", this.map.getZoom() < NEAR_ZOOM); }

    watch() {
      const map = this.map;
      const halo = L.polygon([], { pane: "sg-highlight", interactive: false, fill: false, color: "#111", weight: 2 });
      let key = null, waiting = 0;
      const clear = () => {
        cancelAnimationFrame(waiting);
        if (key === null) return;
        key = null;
        halo.remove();
        this.tip.hide();
      };
      const look = (event) => {
        if (event.originalEvent && event.originalEvent.target.closest(".leaflet-interactive,.leaflet-control")) return clear();
        const found = this.under(event.latlng);
        if (!found) return clear();
        if (found.key === key) return this.tip.move(event.containerPoint);
        key = found.key;
        this.tip.show(found.card(), event.containerPoint);
        if (found.outline) halo.setLatLngs(found.outline()).addTo(map);
        else halo.remove();
      };
      map.on("mousemove", (event) => {
        cancelAnimationFrame(waiting);
        waiting = requestAnimationFrame(() => look(event));
      });
      map.on("click", look); // a finger has no other way
      map.on("mouseout movestart zoomstart layerremove", clear);
    }

    // ---- cards -----------------------------------------------------------------------------------------------------

    wayText(value) { return this.data.way_unit === "s" ? sg.seconds(value) : sg.metres(value); }
    demandLabel() { return this.texts.demand + (this.data.unit ? " · " + this.data.unit : ""); }
    wayLabel() { return this.data.way_unit === "s" ? this.texts.way_s : this.texts.way; }

    cellCard(i) {
      const t = this.texts, cells = this.cells, colours = this.data.themes["theme:class"].colours;
      const rows = [
        [this.demandLabel(), sg.amount(cells.demand[i])],
        [t.covered, cells.covered(i) ? t.yes : t.no],
        [t.class, this.data.class_labels[cells.class(i)], colours[cells.class(i)]],
      ];
      const station = cells.nearest[i];
      if (station >= 0 || cells.way[i] > 0) {
        if (station >= 0) rows.push([t.nearest, this.stations.names[station] || this.stations.ids[station]]);
        if (cells.way[i] > 0) rows.push([this.wayLabel(), this.wayText(cells.way[i] - 1)]);
        rows.push([t.n_stations, sg.count(cells.nStations[i])]);
      } else rows.push([t.nearest, t.beyond]);
      const zone = cells.zone[i];
      return sg.card(t.cell + " " + cells.id(i), zone >= 0 ? this.zones.names[zone] || this.zones.ids[zone] : null, rows);
    }

    zoneCard(i) {
      const t = this.texts, z = this.zones, colours = this.data.themes["theme:class"].colours;
      const rows = [[this.demandLabel(), z.demand[i] ? sg.amount(z.demand[i]) : t.no_demand]];
      if (z.share[i] !== null) rows.push([t.covered_share_of, sg.percent(z.share[i])]);
      if (z.demand[i]) {
        this.data.class_labels.forEach((label, c) => rows.push([label, sg.percent(z.classes[c][i] / z.demand[i]), colours[c]]));
      }
      rows.push([t.stations_here, sg.count(z.n_stations[i])]);
      return sg.card(z.names[i] || z.ids[i], this.data.zones.levels[z.level[i]] + " " + z.ids[i], rows);
    }

    stationCard(i) {
      const t = this.texts, s = this.stations, kind = s.kinds[s.kind[i]];
      const rows = [[t.hours, s.hours[i] || t.unknown]];
      if (kind.cluster) rows.push(["", t.not_counted]);
      else rows.push([t.demand_in_reach, sg.amount(s.demand[i])], [t.demand_unique, sg.amount(s.unique[i])]);
      return sg.card(s.names[i] || s.ids[i], kind.label, rows);
    }

    siteCard(i) {
      const t = this.texts, s = this.data.sites;
      const rows = [];
      const add = (label, value) => { if (value !== null && value !== undefined && value !== "") rows.push([label, value]); };
      add(t.action, t["action:" + s.action[i]] || s.action[i]);
      add(t.kind, s.kind[i]);
      add(t.host, s.host[i]);
      add(t.demand_gain, sg.amount(s.gain[i]));
      add(t.cumulative_share, sg.percent(s.share[i]));
      if (s.cost_build[i] !== null) add(t.cost_build, sg.count(s.cost_build[i]));
      if (s.cost_per_year[i] !== null) add(t.cost_per_year, sg.count(s.cost_per_year[i]));
      add(t.nearest, s.nearest[i]);
      if (s.nearest_m[i] !== null) add(t.way, sg.metres(s.nearest_m[i]));
      return sg.card(t.rank + " " + s.rank[i] + (s.name[i] ? " · " + s.name[i] : ""), s.zone[i], rows);
    }

    // ---- controls --------------------------------------------------------------------------------------------------

    furnish() {
      const map = this.map, t = this.texts;
      if (map.attributionControl) map.attributionControl.setPrefix(false);
      if (map.attributionControl && this.data.attribution) map.attributionControl.addAttribution(this.data.attribution);
      L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
      L.control.zoom({ position: "bottomright", zoomInTitle: t.zoom_in, zoomOutTitle: t.zoom_out }).addTo(map);
      const home = sg.element("a", "sg-home", "⌂");
      home.href = "#";
      home.title = t.home;
      home.setAttribute("role", "button");
      home.addEventListener("click", (event) => { event.preventDefault(); this.fit(); });
      const bar = map.getContainer().querySelector(".leaflet-control-zoom");
      if (bar) bar.prepend(home);
      this.card = sg.headline(this);
      sg.box(map, "topleft", this.card);
      this.legend = new sg.Legend(this);
      sg.box(map, "bottomleft", this.legend.node);
      this.arrange();
      if (this.legendRoom() < LEAST_LEGEND_PX) this.legend.node.open = false;
      this.card.addEventListener("toggle", () => this.arrange());
      map.on("resize", () => this.arrange());
      this.headings();
      this.far();
      map.on("zoomend", () => this.far());
      let waiting = 0;
      map.on("layeradd layerremove", (event) => {
        if (!Object.values(this.layers).includes(event.layer)) return;
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          this.legend.update();
          if (this.isShown("names") && event.layer !== this.layers.names) this.layers.names.redraw();
        }, 0);
      });
      this.printing();
    }

    /** A sheet has another shape than the screen: what was in view stays in view. */
    printing() {
      const map = this.map;
      let before = null;
      window.matchMedia("print").addEventListener("change", (event) => {
        if (event.matches) before = { bounds: map.getBounds(), center: map.getCenter(), zoom: map.getZoom() };
        map.invalidateSize({ animate: false, pan: false });
        if (event.matches && before.bounds.contains(this.bounds)) this.fit();
        else if (event.matches) map.fitBounds(before.bounds, { animate: false });
        else if (before) map.setView(before.center, before.zoom, { animate: false });
        map.eachLayer((layer) => { if (layer instanceof sg.CanvasTiles) layer.redraw(); });
        this.arrange();
      });
    }

    /** Card and legend share the left edge: the legend scrolls in what the card leaves. */
    legendRoom() { return this.map.getSize().y - this.card.offsetHeight - 60; }
    arrange() { this.legend.node.style.maxHeight = Math.max(LEAST_LEGEND_PX, this.legendRoom()) + "px"; }

    /** Headings over the two halves of the layer control. */
    headings() {
      const corner = this.map.getContainer();
      for (const [name, text] of [["base", this.texts.themes], ["overlays", this.texts.overlays]]) {
        const part = corner.querySelector(".leaflet-control-layers-" + name);
        if (part && part.childElementCount) part.before(sg.element("div", "sg-heading", text));
      }
    }
  }

  sg.open = function (map, data) {
    map.stationgeo = new App(map, data);
  };

  sg.layer = (map, key) => map.stationgeo.layer(key);

  sg.close = function (map) {
    const app = map.stationgeo;
    app.furnish();
    app.watch();
    requestAnimationFrame(() => { app.readyAt = performance.now(); });
  };
})();
