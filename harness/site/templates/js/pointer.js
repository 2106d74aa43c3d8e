/* What the pointer does in a picture: it is over a mark, clicks it, draws a box around what is to be
 * looked at more closely, or turns the wheel; and what two fingers do. `state` is a picture's, from picture.js.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const NEAR = 24; /* CSS pixels: how far from a mark the pointer may be */
  const LEAST_BOX = 8; /* a drag that is shorter both ways was a click */
  const STEP = 1.6; /* of a zoom by one turn of the wheel, at most */
  const PIXELS = [1, 16, 400]; /* in a pixel, a line and a page, which the wheel counts in */
  const FOLD = 100; /* pixels of the wheel that zoom e times: what browsers make of a pinch */
  const DOUBLE_CLICK = 500; /* milliseconds: within these a second click may follow */
  const { inView, look, zoom } = Frugal.view;

  function nearest(state, x, y) {
    const { points, to } = state;
    let found = null;
    let least = NEAR * NEAR;
    points.drawn.forEach(function (row) {
      if (state.left[row] && inView(state, row)) {
        const across = to.x(points.x[row]) - x;
        const up = to.y(points.y[row]) - y;
        const distance = across * across + up * up;
        if (distance < least) {
          least = distance;
          found = row;
        }
      }
    });
    return found;
  }

  /* A pinch comes as a wheel turned little by little, a notch of a wheel as a hundred pixels. */
  function turned(event) {
    const pixels = (event.deltaY || event.deltaX) * PIXELS[event.deltaMode];
    return Math.min(STEP, Math.max(1 / STEP, Math.exp(-pixels / FOLD)));
  }

  function spot(state, event) {
    const box = state.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /* The box of a drag: over the whole of an axis that it hardly goes along. */
  function dragged(state, [x1, y1], x2, y2) {
    const { left, top, right, bottom, width, height } = state.place;
    const wide = Math.abs(x2 - x1) >= LEAST_BOX;
    const tall = Math.abs(y2 - y1) >= LEAST_BOX;
    if (!wide && !tall) {
      return null;
    }
    const [from, to] = wide ? [x1, x2] : [left, width - right];
    return tall ? [from, y1, to, y2] : [from, top, to, height - bottom];
  }

  function listen(state) {
    const { canvas } = state;
    let start = null;
    let opening = 0;
    canvas.addEventListener("pointerdown", function (event) {
      window.clearTimeout(opening);
      if (!event.isPrimary) {
        start = null; /* a second finger: no tap */
      } else if (event.button === 0) {
        start = spot(state, event);
        if (event.pointerType !== "touch") {
          canvas.setPointerCapture(event.pointerId);
        }
      }
    });
    canvas.addEventListener("pointermove", function (event) {
      const [x, y] = spot(state, event);
      if (start && event.pointerType !== "touch") {
        state.box = dragged(state, start, x, y);
        state.draw();
      } else if (!start && event.pointerType !== "touch") {
        const row = nearest(state, x, y);
        if (row !== state.lit) {
          state.choose(row, false);
        }
      }
    });
    canvas.addEventListener("pointerup", function (event) {
      const box = state.box;
      const tapped = start && !box;
      start = null;
      state.box = null;
      if (box) {
        const { to } = state;
        look(state, {
          left: to.column(Math.min(box[0], box[2])),
          right: to.column(Math.max(box[0], box[2])),
          low: to.level(Math.max(box[1], box[3])),
          high: to.level(Math.min(box[1], box[3])),
        });
      } else if (tapped) {
        const row = nearest(state, ...spot(state, event));
        const again = row !== null && (event.pointerType !== "touch" || row === state.lit);
        state.last = row;
        state.choose(row, false);
        if (again) { /* a finger first learns what it is on */
          /* The page scrolls to the row: a second click would land on whatever is there then. */
          opening = window.setTimeout(() => state.choose(row, true), DOUBLE_CLICK);
        }
      }
    });
    canvas.addEventListener("pointercancel", function () {
      start = null;
      state.box = null;
      state.draw();
    });
    canvas.addEventListener("pointerleave", function (event) {
      if (!start && event.pointerType !== "touch") {
        state.choose(null, false);
      }
    });
    canvas.addEventListener("dblclick", function () {
      window.clearTimeout(opening);
      look(state, state.home);
    });
    canvas.addEventListener(
      "wheel",
      function (event) {
        if (event.ctrlKey || event.shiftKey || event.metaKey) { /* else the page scrolls */
          event.preventDefault();
          const [x, y] = spot(state, event);
          zoom(state, turned(event), state.to.column(x), state.to.level(y));
        }
      },
      { passive: false }
    );
    listenToFingers(state);
  }

  /* Two fingers move and stretch the picture; one scrolls the page. */
  function listenToFingers(state) {
    let before = null;
    function moved(event) {
      const two = event.touches.length === 2 && event.cancelable; /* else the page is on its way */
      const now = two ? spread(state, ...event.touches) : null;
      if (now) {
        event.preventDefault();
      }
      if (now && before) {
        stretch(state, before, now);
      }
      before = now;
    }
    ["touchstart", "touchmove", "touchend", "touchcancel"].forEach(function (deed) {
      state.canvas.addEventListener(deed, moved, { passive: false });
    });
  }

  function spread(state, one, other) {
    const [x1, y1] = spot(state, one);
    const [x2, y2] = spot(state, other);
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, apart: Math.max(1, Math.hypot(x2 - x1, y2 - y1)) };
  }

  /* What was between the fingers stays there. */
  function stretch(state, before, now) {
    const { view } = state;
    const to = Frugal.scales.of(view, state.place); /* two may come before the next painting */
    const factor = now.apart / before.apart;
    const left = to.column(before.x) - (to.column(now.x) - view.left) / factor;
    const low = to.level(before.y) - (to.level(now.y) - view.low) / factor;
    look(state, {
      left: left,
      right: left + (view.right - view.left) / factor,
      low: low,
      high: low + (view.high - view.low) / factor,
    });
  }

  Frugal.pointer = { listen: listen };
})();
