/* How a board's picture is painted: on a canvas, since ten thousand marks with their error bars are
 * too many elements. What is where follows from `view`, in logarithms (base 10) of joules per 1,000
 * queries across and in quality upwards; nothing here knows of events. The colours are the style
 * sheet's, read when the page changes between light and dark.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const NARROW = 560; /* CSS pixels: where names and ticks need to be fewer */
  const RADIUS = 5;
  const CAP = 4;
  const LEAST_SHADE = 0.15; /* of a mark that is surely not on the front: it must be seen */
  const SHADES = 8;
  const MOST_LABELS = 40;
  const MANY = 300; /* beyond, marks and bars are smaller and fainter: the crowd is what is seen */
  const WATT_HOURS = [["kWh", 3.6e6], ["Wh", 3600], ["mWh", 3.6], ["µWh", 0.0036]]; /* in joules */
  const FULL_TURN = 2 * Math.PI;

  function colours(element) {
    const style = getComputedStyle(element);
    const read = (name) => style.getPropertyValue(name).trim();
    return {
      paper: read("--paper"),
      ink: read("--ink"),
      quiet: read("--quiet"),
      other: read("--other"),
      line: read("--line"),
      accent: read("--accent"),
      font: style.fontFamily,
    };
  }

  /* Where things stand on a canvas of this size. */
  function layout(width) {
    const narrow = width < NARROW;
    return {
      width: width,
      height: Math.round(narrow ? 400 : Math.min(520, 0.46 * width)),
      left: narrow ? 48 : 64,
      right: narrow ? 12 : 20,
      top: 34,
      bottom: 74,
      size: narrow ? 12 : 14,
      narrow: narrow,
    };
  }

  function scale(view, place) {
    const across = place.width - place.left - place.right;
    const up = place.height - place.top - place.bottom;
    return {
      x: (value) => place.left + ((value - view.left) / (view.right - view.left)) * across,
      y: (value) => place.height - place.bottom - ((value - view.low) / (view.high - view.low)) * up,
      column: (pixel) => view.left + ((pixel - place.left) / across) * (view.right - view.left),
      level: (pixel) => view.low + ((place.height - place.bottom - pixel) / up) * (view.high - view.low),
    };
  }

  function segment(path, x1, y1, x2, y2) {
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
  }

  /* The largest unit of which there is one at the right end of the axis. */
  function wattHours(joules) {
    return WATT_HOURS.find(([, worth]) => joules >= worth) || WATT_HOURS[WATT_HOURS.length - 1];
  }

  function grid(pen, scene) {
    const { view, place, to, tone, words } = scene;
    const bottom = place.height - place.bottom;
    const most = place.narrow ? 4 : 9;
    const columns = Frugal.scales.logarithmic(10 ** view.left, 10 ** view.right, most);
    const levels = Frugal.scales.linear(view.low, view.high, place.narrow ? 6 : 9);
    const lines = new Path2D();
    pen.font = place.size + "px " + tone.font;
    pen.fillStyle = tone.quiet;
    pen.textAlign = "center";
    const joules = Frugal.scales.spelt(columns);
    const [unit, worth] = wattHours(columns[columns.length - 1]);
    columns.forEach(function (joule, n) {
      const x = to.x(Math.log10(joule));
      segment(lines, x, place.top, x, bottom);
      pen.fillText(joules[n], x, bottom + 1.4 * place.size);
      pen.fillText(Frugal.significant(joule / worth), x, bottom + 2.7 * place.size);
    });
    pen.textAlign = "end";
    pen.fillText("J", place.left - 8, bottom + 1.4 * place.size);
    pen.fillText(unit, place.left - 8, bottom + 2.7 * place.size);
    const spelt = Frugal.scales.spelt(levels);
    levels.forEach(function (level, n) {
      const y = to.y(level);
      segment(lines, place.left, y, place.width - place.right, y);
      pen.fillText(spelt[n], place.left - 8, y + 0.35 * place.size);
    });
    pen.strokeStyle = tone.line;
    pen.lineWidth = 1;
    pen.stroke(lines);
    pen.strokeStyle = tone.quiet;
    pen.strokeRect(place.left, bottom, place.width - place.left - place.right, 0);
    pen.font = "600 " + pen.font;
    pen.fillStyle = tone.ink;
    pen.fillText(words.across, place.width - place.right, place.height - 8);
    pen.textAlign = "start";
    pen.fillText(words.up, 0, place.size + 2);
  }

  /* What the rules draw: the floor and the budget of energy, the least quality. */
  function guides(pen, scene) {
    const { view, place, to, tone, lines } = scene;
    const bottom = place.height - place.bottom;
    pen.save();
    pen.setLineDash([6, 4]);
    pen.lineWidth = 1.5;
    pen.strokeStyle = tone.ink;
    pen.fillStyle = tone.ink;
    pen.font = 0.85 * place.size + "px " + tone.font;
    lines.forEach(function (line) {
      const path = new Path2D();
      if (line.joules && Math.log10(line.joules) > view.left && Math.log10(line.joules) < view.right) {
        const x = to.x(Math.log10(line.joules));
        segment(path, x, place.top, x, bottom);
        pen.save();
        pen.translate(x - 5, bottom - 6);
        pen.rotate(-Math.PI / 2);
        pen.fillText(line.text, 0, 0);
        pen.restore();
      } else if (line.quality && line.quality > view.low && line.quality < view.high) {
        const y = to.y(line.quality);
        segment(path, place.left, y, place.width - place.right, y);
        pen.textAlign = "end";
        pen.fillText(line.text, place.width - place.right - 4, y - 5);
        pen.textAlign = "start";
      }
      pen.stroke(path);
    });
    pen.restore();
  }

  /* Everything below the step line is beaten by an entry on the front. */
  function front(pen, scene) {
    const { points, place, to, tone } = scene;
    if (!points.front.length) {
      return;
    }
    const edge = place.width - place.right;
    const path = new Path2D();
    const area = new Path2D();
    let level = 0;
    points.front.forEach(function (row, n) {
      const x = to.x(points.x[row]);
      const y = to.y(points.y[row]);
      if (n === 0) {
        path.moveTo(x, y);
        area.moveTo(x, place.height);
        area.lineTo(x, y);
      } else {
        [path, area].forEach((each) => each.lineTo(x, level));
        [path, area].forEach((each) => each.lineTo(x, y));
      }
      level = y;
    });
    const last = Math.max(edge, to.x(points.x[points.front[points.front.length - 1]]));
    path.lineTo(last, level);
    area.lineTo(last, level);
    area.lineTo(last, place.height);
    pen.globalAlpha = 0.06;
    pen.fillStyle = tone.accent;
    pen.fill(area);
    pen.globalAlpha = 1;
    pen.strokeStyle = tone.accent;
    pen.lineWidth = 2;
    pen.stroke(path);
  }

  function bar(path, scene, row) {
    const { points, to } = scene;
    const x = to.x(points.x[row]);
    const y = to.y(points.y[row]);
    const low = to.y(points.low[row]);
    const high = to.y(points.high[row]);
    segment(path, x, low, x, high);
    segment(path, x - CAP, low, x + CAP, low);
    segment(path, x - CAP, high, x + CAP, high);
    if (!Number.isNaN(points.least[row])) {
      const least = to.x(points.least[row]);
      const most = to.x(points.most[row]);
      segment(path, least, y, most, y);
      segment(path, least, y - CAP, least, y + CAP);
      segment(path, most, y - CAP, most, y + CAP);
    }
  }

  function shape(path, scene, row, radius) {
    const x = scene.to.x(scene.points.x[row]);
    const y = scene.to.y(scene.points.y[row]);
    if (scene.points.isReference(row)) {
      const reach = radius + 1.5;
      path.moveTo(x, y - reach);
      path.lineTo(x + reach, y);
      path.lineTo(x, y + reach);
      path.lineTo(x - reach, y);
      path.closePath();
    } else {
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, FULL_TURN);
    }
  }

  /* Marks of one colour and shade are one path: ten thousand strokes would take their time. */
  function marks(pen, scene, rows, faint) {
    const { points, tone } = scene;
    const many = scene.visible > MANY;
    const radius = many ? 3 : RADIUS;
    const bars = { front: new Path2D(), other: new Path2D() };
    const shapes = new Map();
    rows.forEach(function (row) {
      const kind = points.isFront(row) ? "front" : "other";
      bar(bars[kind], scene, row);
      const shade = points.isHollow(row) ? -1 : Math.round(SHADES * points.support(row));
      const key = kind + shade;
      if (!shapes.has(key)) {
        shapes.set(key, { kind: kind, shade: shade, path: new Path2D() });
      }
      shape(shapes.get(key).path, scene, row, radius);
    });
    const tones = { front: tone.accent, other: tone.other };
    pen.lineWidth = many ? 1 : 1.5;
    ["other", "front"].forEach(function (kind) {
      pen.globalAlpha = (many ? 0.25 : 0.7) * (faint ? 0.2 : 1);
      pen.strokeStyle = tones[kind];
      pen.stroke(bars[kind]);
    });
    pen.lineWidth = many ? 1 : 2;
    Array.from(shapes.values())
      .sort((a, b) => (a.kind === b.kind ? a.shade - b.shade : a.kind === "front" ? 1 : -1))
      .forEach(function (each) {
        const strength = faint ? 0.2 : 1;
        pen.globalAlpha = strength;
        pen.fillStyle = tone.paper; /* what lies behind must not show through */
        pen.fill(each.path);
        pen.fillStyle = tones[each.kind];
        if (each.shade >= 0) {
          pen.globalAlpha = strength * (LEAST_SHADE + (1 - LEAST_SHADE) * (each.shade / SHADES));
          pen.fill(each.path);
        }
        pen.globalAlpha = strength;
        pen.strokeStyle = tones[each.kind];
        pen.stroke(each.path);
      });
    pen.globalAlpha = 1;
  }

  function free(box, taken) {
    return taken.every((each) => box[2] < each[0] || box[0] > each[2] || box[3] < each[1] || box[1] > each[3]);
  }

  /* Names where there is room: of the front first, then of reference entries, then of the best; in
   * a crowd of these alone.
   */
  function labels(pen, scene, rows) {
    const { points, place, to, tone } = scene;
    const rank = (row) => (points.isFront(row) ? 0 : points.isReference(row) ? 1 : 2);
    const named = Array.from(scene.visible > MANY ? rows.filter((row) => rank(row) < 2) : rows)
      .sort((a, b) => rank(a) - rank(b) || points.y[b] - points.y[a] || a - b)
      .slice(0, MOST_LABELS);
    const reach = RADIUS + 2;
    const around = (row) => [to.x(points.x[row]) - reach, to.y(points.y[row]) - reach,
      to.x(points.x[row]) + reach, to.y(points.y[row]) + reach];
    const taken = Array.from(rows).slice(0, MANY).map(around);
    pen.font = place.size + "px " + tone.font;
    pen.textAlign = "start";
    pen.lineJoin = "round";
    named.forEach(function (row) {
      const text = points.label(row, place.narrow ? 16 : 30);
      const wide = pen.measureText(text).width;
      const [x, y] = [to.x(points.x[row]), to.y(points.y[row])];
      const beside = [[x + 9, y - 8], [x - 9 - wide, y - 8], [x + 9, y + 8 + place.size], [x - 9 - wide, y + 8 + place.size]];
      const spot = beside.find(function ([left, base]) {
        const box = [left, base - place.size, left + wide, base + 2];
        return left >= place.left && left + wide <= place.width && base > place.top && free(box, taken);
      });
      if (spot) {
        taken.push([spot[0], spot[1] - place.size, spot[0] + wide, spot[1] + 2]);
        pen.strokeStyle = tone.paper;
        pen.lineWidth = 3;
        pen.strokeText(text, spot[0], spot[1]);
        pen.fillStyle = tone.ink;
        pen.fillText(text, spot[0], spot[1]);
      }
    });
  }

  function lit(pen, scene, row) {
    const path = new Path2D();
    const bars = new Path2D();
    shape(path, scene, row, RADIUS + 2);
    bar(bars, scene, row);
    pen.strokeStyle = scene.points.isFront(row) ? scene.tone.accent : scene.tone.other;
    pen.lineWidth = 2;
    pen.stroke(bars);
    pen.fillStyle = pen.strokeStyle;
    pen.fill(path);
    pen.strokeStyle = scene.tone.ink;
    pen.lineWidth = 3;
    pen.stroke(path);
  }

  /* Paint a scene: {points, view, place, tone, words, lines, shown, faded, visible, lit, box}. */
  function paint(canvas, scene) {
    const { place } = scene;
    const fine = window.devicePixelRatio || 1;
    canvas.width = Math.round(place.width * fine);
    canvas.height = Math.round(place.height * fine);
    canvas.style.height = place.height + "px";
    const pen = canvas.getContext("2d");
    pen.scale(fine, fine);
    scene.to = scale(scene.view, place);
    grid(pen, scene);
    pen.save();
    pen.beginPath();
    pen.rect(place.left - 8, place.top - 8, place.width - place.left + 8, place.height - place.top - place.bottom + 16);
    pen.clip();
    front(pen, scene);
    guides(pen, scene);
    marks(pen, scene, scene.faded, true);
    marks(pen, scene, scene.shown, false);
    labels(pen, scene, scene.shown);
    if (scene.lit !== null) {
      lit(pen, scene, scene.lit);
    }
    if (scene.box) {
      const [x1, y1, x2, y2] = scene.box;
      pen.strokeStyle = scene.tone.ink;
      pen.lineWidth = 1;
      pen.setLineDash([4, 3]);
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    pen.restore();
  }

  Frugal.canvas = { colours: colours, layout: layout, scale: scale, paint: paint };
})();
