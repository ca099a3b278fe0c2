/* The card with title and headline numbers, the legend that follows the shading, and the tooltip. */
(function () {
  "use strict";
  const sg = window.stationgeo;
  const el = sg.element;
  const NARROW_PX = 720;

  sg.isNarrow = (map) => map.getSize().x < NARROW_PX;

  /** A control that is a plain box in a corner; it keeps drags and wheels to itself. */
  sg.box = function (map, position, node) {
    const control = L.control({ position });
    control.onAdd = function () {
      L.DomEvent.disableClickPropagation(node);
      L.DomEvent.disableScrollPropagation(node);
      return node;
    };
    control.addTo(map);
    return control;
  };

  /** Title, the share that is covered, how it divides into the four classes, and counts. */
  sg.headline = function (app) {
    const { headline, title } = app.data,
      t = app.texts;
    const body = el("div", "sg-headline");
    if (headline.covered_share !== null) {
      body.append(
        el("div", "sg-big", el("b", "", sg.percent(headline.covered_share)), el("span", "", headline.said)),
      );
      body.append(sg.classBar(app));
    }
    if (headline.plan) body.append(sg.planLine(app, headline.plan));
    const list = el("dl", "");
    for (const [label, value] of headline.rows) list.append(el("dt", "", label), el("dd", "", value));
    body.append(list);
    const box = el("details", "sg-card sg-title", el("summary", "", el("h1", "", title)), body);
    box.open = !sg.isNarrow(app.map);
    if (headline.covered_share !== null)
      box.querySelector("summary").append(el("span", "sg-brief", sg.percent(headline.covered_share)));
    return box;
  };

  sg.classBar = function (app) {
    const bar = el("div", "sg-bar"),
      key = el("ul", "sg-classes");
    for (const part of app.data.headline.classes) {
      const piece = el("i", "");
      piece.style.width = 100 * part.share + "%";
      piece.style.background = part.colour;
      piece.title = part.label + " " + sg.percent(part.share);
      bar.append(piece);
      key.append(el("li", "", sg.swatch(part.colour), el("span", "", part.label), el("b", "", sg.percent(part.share))));
    }
    return el("div", "", bar, key);
  };

  sg.planLine = function (app, plan) {
    const points = (100 * plan.gain).toFixed(1);
    return el(
      "div",
      "sg-plan",
      el("span", "sg-site sg-site-still", String(plan.n)),
      el("span", "", plan.label + " "),
      el(
        "span",
        "sg-whole",
        el("b", "", sg.percent(plan.share)),
        el("small", "", " +" + points + " " + app.texts.points_unit),
      ),
      plan.note ? el("div", "sg-note", plan.note) : null,
    );
  };

  /** The legend: what the shading means, then the signs of what lies over it. */
  sg.Legend = class {
    constructor(app) {
      this.app = app;
      this.body = el("div", "");
      this.node = el("details", "sg-card sg-legend", el("summary", "", el("h2", "", app.texts.legend)), this.body);
      this.node.open = !sg.isNarrow(app.map);
      this.update();
    }

    update() {
      const theme = this.app.data.themes[this.app.theme()];
      this.body.replaceChildren();
      if (theme) this.body.append(this.shading(theme));
      const signs = this.signs();
      if (signs.childElementCount) this.body.append(signs);
      this.node.hidden = !this.body.childElementCount;
    }

    shading(theme) {
      const list = el("ul", "");
      for (const row of theme.rows) {
        const item = el("li", "");
        for (const colour of row.colours) item.append(colour ? sg.swatch(colour) : el("i", "sg-swatch sg-blank"));
        if (row.hatch) item.append(el("i", "sg-swatch sg-hatched"));
        if (row.colours.length > 1) item.classList.add("sg-steps");
        item.append(el("span", "", row.label));
        list.append(item);
      }
      return el(
        "section",
        "",
        el("h3", "", theme.title),
        theme.unit ? el("div", "sg-note", theme.unit) : null,
        list,
        theme.note ? el("div", "sg-note", theme.note) : null,
      );
    }

    signs() {
      const app = this.app,
        list = el("ul", "");
      if (app.stations) {
        const shown = app.shownStations();
        app.stations.kinds.forEach((kind) => {
          if (shown.includes(kind.group))
            list.append(el("li", "", this.sign(kind), el("span", "", kind.label), el("b", "", sg.count(kind.n))));
        });
      }
      if (app.data.sites && app.isShown("sites")) {
        list.append(
          el(
            "li",
            "",
            el("span", "sg-site sg-site-still", "1"),
            el("span", "", app.texts["overlay:sites"]),
            el("b", "", sg.count(app.data.sites.rank.length)),
          ),
        );
      }
      return list;
    }

    sign(kind) {
      const canvas = el("canvas", "sg-sign"),
        size = 18,
        dense = 2;
      canvas.width = canvas.height = size * dense;
      const context = canvas.getContext("2d");
      context.scale(dense, dense);
      sg.drawSign(context, size / 2, size / 2, 5, kind, 1);
      return canvas;
    }
  };

  /** One tooltip for all that is drawn on canvas; it keeps inside the map. */
  sg.Tip = class {
    constructor(map) {
      this.map = map;
      this.node = el("div", "sg-tip");
      this.node.setAttribute("role", "status");
      this.node.hidden = true;
      map.getContainer().append(this.node);
    }

    show(content, point) {
      if (content !== this.content) this.node.replaceChildren(content);
      this.content = content;
      this.node.hidden = false;
      this.move(point);
    }

    move(point) {
      const size = this.map.getSize(),
        width = this.node.offsetWidth,
        height = this.node.offsetHeight,
        gap = 14;
      let x = point.x + gap,
        y = point.y + gap;
      if (x + width > size.x - 4) x = point.x - gap - width;
      if (y + height > size.y - 4) y = point.y - gap - height;
      this.node.style.transform = `translate(${Math.max(4, x)}px,${Math.max(4, y)}px)`;
    }

    hide() {
      this.node.hidden = true;
      this.content = null;
    }
  };
})();
