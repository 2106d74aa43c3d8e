/* How a board's picture is painted: on a canvas, since ten thousand marks with their error bars are
 * too many elements. What is where follows from `view`, in logarithms (base 10) of joules per 1,000
 * queries across and in quality upwards; nothing here knows of events. The colours are the style
 * sheet's, read anew when the reader's system asks for others.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const RADIUS = 5;
  const CAP = 4;
  const LEAST_GAP = 6; /* CSS pixels between figures of an axis */
  const SHADES = 20;
  const MOST_LABELS = 40;
  const MANY = 300; /* beyond, marks and bars are smaller and fainter: the crowd is what is seen */
  const MANY_NARROW = 80;
  const HALO = 3; /* of the paper around a name, so that lines do not run through it */
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

  function segment(path, x1, y1, x2, y2) {
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
  }

  /* Write each in the middle below its place, but not over the right edge nor where that would
   * touch the one before.
   */
  function inside(pen, texts, places, y, right) {
    let end = -Infinity;
    texts.forEach(function (text, n) {
      const half = pen.measureText(text).width / 2;
      const x = Math.min(places[n], right - half);
      if (x - half > end) {
        pen.fillText(text, x, y);
        end = x + half + LEAST_GAP;
      }
    });
  }

  /* Make letters smaller where a text is wider than its room, as titles of axes in French are. */
  function sized(pen, text, weight, size, font, room) {
    pen.font = weight + size + "px " + font;
    const wide = pen.measureText(text).width;
    if (wide > room) {
      pen.font = weight + ((size * room) / wide).toFixed(2) + "px " + font;
    }
  }

  function isCrowded(scene) {
    return scene.visible > (scene.place.narrow ? MANY_NARROW : MANY);
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
    const across = columns.map((joule) => to.x(Math.log10(joule)));
    across.forEach((x) => segment(lines, x, place.top, x, bottom));
    const joules = Frugal.scales.spelt(columns).map((spelt) => spelt + "\u00a0J");
    inside(pen, joules, across, bottom + 1.4 * place.size, place.width - 3);
    pen.font = 0.86 * place.size + "px " + tone.font;
    const wattHours = columns.map((joule) => Frugal.wattHours(joule));
    inside(pen, wattHours, across, bottom + 2.6 * place.size, place.width - 3);
    pen.font = place.size + "px " + tone.font;
    pen.textAlign = "end";
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
    sized(pen, words.across, "600 ", place.size, tone.font, place.width - place.right);
    pen.fillStyle = tone.ink;
    pen.fillText(words.across, place.width - place.right, place.height - 8);
    pen.textAlign = "start";
    sized(pen, words.up, "600 ", place.size, tone.font, place.width - place.tools);
    pen.fillText(words.up, 0, place.size + 2);
  }

  /* Write with a rim of paper, over whatever lies there. */
  function haloed(pen, text, x, y, tone) {
    pen.lineJoin = "round";
    pen.lineWidth = HALO;
    pen.strokeStyle = tone.paper;
    pen.strokeText(text, x, y);
    pen.fillStyle = tone.ink;
    pen.fillText(text, x, y);
  }

  /* What the rules draw: the floor and the budget of energy, the least quality; gives the boxes of
   * what is written there: upright from the top, where marks are few, and level at the right.
   */
  function guides(pen, scene) {
    const { view, place, to, tone, lines } = scene;
    const [edge, bottom] = [place.width - place.right, place.height - place.bottom];
    const size = 0.85 * place.size;
    const boxes = [];
    lines.forEach(function (line) {
      const column = line.joules ? Math.log10(line.joules) : NaN;
      const path = new Path2D();
      pen.save();
      pen.textAlign = "end";
      if (column > view.left && column < view.right) {
        const x = to.x(column);
        segment(path, x, place.top, x, bottom);
        sized(pen, line.text, "", size, tone.font, bottom - place.top - 8);
        const long = pen.measureText(line.text).width;
        pen.translate(x - 5, place.top + 4);
        pen.rotate(-Math.PI / 2);
        haloed(pen, line.text, 0, 0, tone);
        boxes.push([x - 5 - size, place.top, x, place.top + 4 + long]);
      } else if (line.quality && line.quality > view.low && line.quality < view.high) {
        const y = to.y(line.quality);
        segment(path, place.left, y, edge, y);
        sized(pen, line.text, "", size, tone.font, edge - place.left - 8);
        haloed(pen, line.text, edge - 4, y - 5, tone);
        boxes.push([edge - 4 - pen.measureText(line.text).width, y - 5 - size, edge, y]);
      }
      pen.restore();
      pen.save();
      pen.setLineDash([6, 4]);
      pen.lineWidth = 1.5;
      pen.strokeStyle = tone.ink;
      pen.stroke(path);
      pen.restore();
    });
    return boxes;
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
    if (scene.points.isCrossed(row)) {
      const reach = 0.6 * radius;
      [reach, -reach].forEach((up) => segment(path, x - reach, y - up, x + reach, y + up));
    }
  }

  /* Marks of one colour and shade are one path: ten thousand strokes would take their time. */
  function marks(pen, scene, rows, faint) {
    const { points, tone } = scene;
    const many = isCrowded(scene);
    const radius = many ? 3 : RADIUS;
    const bars = { front: new Path2D(), other: new Path2D() };
    const shapes = new Map();
    rows.forEach(function (row) {
      const kind = points.isFront(row) ? "front" : "other";
      bar(bars[kind], scene, row);
      const shade = Math.round(SHADES * points.shade(row));
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
        pen.globalAlpha = strength * (each.shade / SHADES);
        pen.fill(each.path);
        pen.globalAlpha = strength;
        pen.strokeStyle = tones[each.kind];
        pen.stroke(each.path);
      });
    pen.globalAlpha = 1;
  }

  function free(box, taken) {
    return taken.every((each) => box[2] < each[0] || box[0] > each[2] || box[3] < each[1] || box[1] > each[3]);
  }

  /* The step line, as boxes that names should not lie across. */
  function steps(scene) {
    const { points, place, to } = scene;
    const corners = points.front.map((row) => [to.x(points.x[row]), to.y(points.y[row])]);
    const boxes = [];
    corners.forEach(function ([x, y], n) {
      const [right, next] = corners[n + 1] || [Math.max(x, place.width - place.right), y];
      boxes.push([x, y, right, y], [right, next, right, y]);
    });
    return boxes;
  }

  /* Names where there is room: of the front first, then of reference entries, then of the best; in
   * a crowd of these alone. One that finds no room beside the lines lies across them, if it must be
   * there.
   */
  function labels(pen, scene, rows, written) {
    const { points, place, to, tone } = scene;
    const crowd = isCrowded(scene);
    const rank = (row) => (points.isFront(row) ? 0 : points.isReference(row) ? 1 : 2);
    const named = Array.from(crowd ? rows.filter((row) => rank(row) < 2) : rows)
      .sort((a, b) => rank(a) - rank(b) || points.y[b] - points.y[a] || a - b)
      .slice(0, MOST_LABELS);
    const reach = RADIUS + 2;
    const around = (row) => [to.x(points.x[row]) - reach, to.y(points.y[row]) - reach,
      to.x(points.x[row]) + reach, to.y(points.y[row]) + reach];
    const taken = Array.from(rows).slice(0, MANY).map(around).concat(written);
    const lines = steps(scene);
    const boxed = ([left, base], wide) => [left, base - place.size, left + wide, base + 2];
    pen.font = place.size + "px " + tone.font;
    pen.textAlign = "start";
    named.forEach(function (row) {
      const text = points.label(row, place.narrow ? 16 : 30);
      const wide = pen.measureText(text).width;
      const [x, y] = [to.x(points.x[row]), to.y(points.y[row])];
      const beside = [[x + 9, y - 8], [x - 9 - wide, y - 8], [x + 9, y + 8 + place.size], [x - 9 - wide, y + 8 + place.size]]
        .filter(([left, base]) => left >= place.left && left + wide <= place.width && base - place.size > place.top - 8)
        .filter((spot) => free(boxed(spot, wide), taken));
      const spot = beside.find((each) => free(boxed(each, wide), lines)) || (rank(row) < 2 ? beside[0] : undefined);
      if (spot) {
        taken.push(boxed(spot, wide));
        haloed(pen, text, spot[0], spot[1], tone);
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
    scene.to = Frugal.scales.of(scene.view, place);
    grid(pen, scene);
    pen.save();
    pen.beginPath();
    pen.rect(place.left - 8, place.top - 8, place.width - place.left + 8, place.height - place.top - place.bottom + 16);
    pen.clip();
    front(pen, scene);
    const written = guides(pen, scene);
    marks(pen, scene, scene.faded, true);
    marks(pen, scene, scene.shown, false);
    labels(pen, scene, scene.shown, written);
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

  Frugal.canvas = { colours: colours, paint: paint };
})();
