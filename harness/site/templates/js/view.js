/* Where the marks of a board lie, and what part of them its picture shows: the whole, or a closer
 * look, which the address keeps.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const CLOSEST = 400; /* times: no closer look than that */
  const ROOM = 0.07; /* of an axis beyond the outermost value */
  const LEAST_DECADES = 0.5;
  const LEAST_SPAN = 0.1;
  const LEAST_SHADE = 0.35; /* of a mark that is surely not on the front: not hollow */

  function column(data, name, change) {
    return Float64Array.from({ length: data.n }, function (_, row) {
      const value = Frugal.cells.value(data, name, row);
      return value === null || value <= 0 && change === Math.log10 ? NaN : change(value);
    });
  }

  function pointsOf(data) {
    const flags = Frugal.rows.FLAGS;
    const same = (value) => value;
    const points = {
      x: column(data, "joules", Math.log10),
      y: column(data, "quality", same),
      low: column(data, "qualityLow", same),
      high: column(data, "qualityHigh", same),
      least: column(data, "joulesLow", Math.log10),
      most: column(data, "joulesHigh", Math.log10),
      isFront: (row) => (data.flags[row] & flags.front) > 0,
      isReference: (row) => (data.flags[row] & flags.reference) > 0,
      isCrossed: (row) => Number.isNaN(points.most[row]),
      shade(row) { /* as harness/site/figure.py says: 0 is hollow */
        const known = Frugal.cells.value(data, "support", row);
        if (points.isCrossed(row) || (data.support && known === null)) {
          return 0;
        }
        return data.support ? LEAST_SHADE + (1 - LEAST_SHADE) * known : 1;
      },
      label(row, most) {
        const name = Array.from(Frugal.cells.called(data, row));
        return name.length > most ? name.slice(0, most - 1).join("") + "…" : name.join("");
      },
    };
    points.drawn = Uint32Array.from({ length: data.n }, (_, n) => n).filter((row) => !Number.isNaN(points.x[row]));
    points.front = Array.from(points.drawn)
      .filter(points.isFront)
      .sort((a, b) => points.x[a] - points.x[b] || points.y[a] - points.y[b]);
    return points;
  }

  function widened(low, high, least) {
    const room = Math.max(ROOM * (high - low), (least - (high - low)) / 2);
    return [low - room, high + room];
  }

  /* The view that shows every mark with its bars. */
  function whole(points) {
    const ends = [Infinity, -Infinity, Infinity, -Infinity];
    points.drawn.forEach(function (row) {
      const least = Number.isNaN(points.least[row]) ? points.x[row] : points.least[row];
      ends[0] = Math.min(ends[0], least, points.x[row]);
      ends[1] = Math.max(ends[1], points.x[row], points.most[row] || -Infinity);
      ends[2] = Math.min(ends[2], points.low[row]);
      ends[3] = Math.max(ends[3], points.high[row]);
    });
    const [left, right] = widened(ends[0], ends[1], LEAST_DECADES);
    const [low, high] = widened(ends[2], ends[3], LEAST_SPAN);
    return { left: left, right: right, low: Math.max(low, 0), high: Math.min(high, 1) };
  }

  /* Keep a part of the whole: nothing beyond its ends, and no closer than makes sense. */
  function part(state, wanted) {
    function fitted(low, high, least, most) {
      const span = Math.min(most - least, Math.max(high - low, (most - least) / CLOSEST));
      const start = Math.min(Math.max((low + high - span) / 2, least), most - span);
      return [start, start + span];
    }
    const [left, right] = fitted(wanted.left, wanted.right, state.home.left, state.home.right);
    const [low, high] = fitted(wanted.low, wanted.high, state.home.low, state.home.high);
    return { left: left, right: right, low: low, high: high };
  }

  function isWhole(state) {
    return ["left", "right", "low", "high"].every((end) => Math.abs(state.view[end] - state.home[end]) < 1e-9);
  }

  function look(state, wanted) {
    state.view = part(state, wanted);
    const kept = ["left", "right", "low", "high"].map((end) => Number(state.view[end].toPrecision(5)));
    Frugal.address.write(state.board, { zoom: isWhole(state) ? "" : kept.join("_") });
    showZoom(state);
    state.draw();
  }

  function showZoom(state) {
    state.buttons.whole.disabled = isWhole(state);
    state.buttons.out.disabled = isWhole(state);
  }

  /* What an address says of the view: four finite numbers in order, or the whole. */
  function restore(state) {
    const said = Frugal.address.read(state.board, "zoom").split("_").map(Number);
    const [left, right, low, high] = said;
    const sound = said.length === 4 && said.every(Number.isFinite) && left < right && low < high;
    state.view = part(state, sound ? { left: left, right: right, low: low, high: high } : state.home);
    showZoom(state);
    state.draw();
  }

  function zoom(state, factor, x, y) {
    const { view } = state;
    const at = x === undefined ? (view.left + view.right) / 2 : x;
    const level = y === undefined ? (view.low + view.high) / 2 : y;
    look(state, {
      left: at - (at - view.left) / factor,
      right: at + (view.right - at) / factor,
      low: level - (level - view.low) / factor,
      high: level + (view.high - level) / factor,
    });
  }

  /* Half of what is seen further, across and up; says whether there was any more to see. */
  function beside(state, across, up) {
    const { left, right, low, high } = state.view;
    const [x, y] = [(across * (right - left)) / 2, (up * (high - low)) / 2];
    look(state, { left: left + x, right: right + x, low: low + y, high: high + y });
    return Math.abs(state.view.left - left) > 1e-9 || Math.abs(state.view.low - low) > 1e-9;
  }

  function inView(state, row) {
    const { points, view } = state;
    const [x, y] = [points.x[row], points.y[row]];
    return x >= view.left && x <= view.right && y >= view.low && y <= view.high;
  }

  Frugal.view = {
    pointsOf: pointsOf,
    whole: whole,
    look: look,
    restore: restore,
    zoom: zoom,
    beside: beside,
    inView: inView,
  };
})();
