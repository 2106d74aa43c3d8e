/* A window onto a table's rows. Only those in sight, and a few around them, are in the page; empty
 * rows of the right height stand for the others, so that the scroll bar is right. aria-rowindex
 * tells which they are. A row that has the focus stays in the page, however far it is scrolled
 * away. `state` is a table's, from table.js.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const AROUND = 8; /* rows beyond each edge of the window: so that Tab always finds the next */
  const PRINTED = 200;
  const make = Frugal.make;

  /* A row as the server wrote its first one, emptied: so that the classes are the same. */
  function blank(table) {
    const row = table.tBodies[0].rows[0].cloneNode(true);
    Array.from(row.cells).forEach(function (cell) {
      cell.textContent = "";
      cell.removeAttribute("title");
    });
    row.removeAttribute("id");
    const pick = make("td", "pick");
    const tick = make("input");
    tick.type = "checkbox";
    pick.append(tick);
    row.prepend(pick);
    return row;
  }

  function makeRow(state, position) {
    const row = state.rows[position];
    const element = state.blank.cloneNode(true);
    element.dataset.row = row;
    element.setAttribute("aria-rowindex", position + 2);
    const tick = element.cells[0].firstChild;
    tick.checked = Frugal.compare.has(state.board, row);
    tick.setAttribute("aria-label", Frugal.text("compare.tick", { entry: Frugal.cells.called(state.data, row) }));
    state.columns.forEach(function (column, n) {
      Frugal.cells.fill[column](element.cells[n + 1], state.data, row);
    });
    element.classList.toggle("linked", row === state.lit);
    return element;
  }

  function gap(state, rows) {
    const element = make("tr", "spacer");
    element.setAttribute("aria-hidden", "true");
    const cell = make("td");
    cell.colSpan = state.columns.length + 1;
    cell.style.height = rows * state.height + "px";
    element.append(cell);
    return element;
  }

  /* The positions that are to be in the page, in order: those in sight, some around them, and the
   * one that has the focus with its neighbours, which Tab leads to.
   */
  function wanted(state) {
    const all = state.rows.length;
    if (state.printing) {
      return range(0, Math.min(all, PRINTED));
    }
    const room = Math.ceil(window.innerHeight / state.height); /* no table is higher than that */
    const top = Math.min(Math.floor(state.top / state.height), Math.max(0, all - room));
    const first = Math.max(0, top - AROUND);
    const last = Math.min(all, top + room + AROUND);
    if (state.focused === null) {
      return range(first, last);
    }
    const near = Math.max(0, Math.min(state.focused - 1, all));
    const beyond = Math.min(all, state.focused + 2);
    return range(near, Math.min(beyond, first))
      .concat(range(first, last))
      .concat(range(Math.max(near, last), beyond));
  }

  function range(first, last) {
    return Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n);
  }

  /* Bring the page to the wanted rows. Rows that stay are never moved: that would take the focus. */
  function draw(state) {
    const positions = wanted(state);
    const stay = new Set(positions);
    state.live.forEach(function (element, position) {
      if (!stay.has(position)) {
        element.remove();
        state.live.delete(position);
      }
    });
    state.body.querySelectorAll("tr.spacer").forEach((spacer) => spacer.remove());
    let next = state.body.firstChild;
    let expected = 0;
    positions.forEach(function (position) {
      if (position > expected && !state.printing) {
        state.body.insertBefore(gap(state, position - expected), next);
      }
      let element = state.live.get(position);
      if (element) {
        next = element.nextSibling;
      } else {
        element = makeRow(state, position);
        state.live.set(position, element);
        state.body.insertBefore(element, next);
      }
      expected = position + 1;
    });
    if (expected < state.rows.length && !state.printing) {
      state.body.append(gap(state, state.rows.length - expected));
    }
  }

  function drawAnew(state) {
    if (state.top > 0) {
      state.box.scrollTop = 0;
      state.top = 0;
    }
    state.body.textContent = "";
    state.live.clear();
    state.focused = null;
    draw(state);
  }

  function measure(state) {
    const row = state.live.values().next().value;
    const height = row ? row.getBoundingClientRect().height : 0;
    if (height > 0 && Math.abs(height - state.height) > 0.01) {
      state.height = height;
      draw(state);
    }
  }

  /* On paper there is no window: the first rows, and a word on the others. Afterwards the window is
   * where it was.
   */
  function print(state, printing) {
    if (printing && !state.printing) {
      state.before = state.top;
    }
    state.printing = printing;
    drawAnew(state);
    if (!printing && state.before > 0) {
      state.box.scrollTop = state.before;
      state.top = state.box.scrollTop;
      draw(state);
    }
    if (printing && state.rows.length > PRINTED) {
      const values = { n: PRINTED, all: state.rows.length };
      const cell = make("td", "", Frugal.text("table.printed", values));
      cell.colSpan = state.columns.length + 1;
      const note = make("tr");
      note.append(cell);
      state.body.append(note);
    }
  }

  Frugal.viewport = {
    blank: blank,
    draw: draw,
    drawAnew: drawAnew,
    measure: measure,
    print: print,
  };
})();
