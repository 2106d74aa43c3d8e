/* The table of a board: a window onto its rows. Only those in sight, and a few around them, are in
 * the page; empty rows of the right height stand for the others, so that the scroll bar is right.
 * aria-rowcount and aria-rowindex tell what the page does not hold. A row that has the focus stays
 * in the page, however far it is scrolled away.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const AROUND = 8; /* rows beyond each edge of the window: so that Tab always finds the next */
  const PRINTED = 200;
  const LONGEST_SEARCH = 200;
  const PAUSE = 120; /* milliseconds */
  const LIKELY_HEIGHT = 80; /* of a row, until the browser has laid one out */
  const CHOICES = { team: "teams", family: "families" }; /* what is chosen, and the column of all */
  const make = Frugal.make;
  const tables = new Map();

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

  /* Work out which rows are left and in which order, and show them from the first. */
  function update(state) {
    const own = isFirst(state); /* the board's own order wants no sorting */
    const column = own ? "" : state.sort.column;
    const sorted = Frugal.rows.order(state.data, column, !own && state.sort.descending);
    state.rows = Frugal.rows.filtered(state.data, sorted, state);
    drawAnew(state);
    state.table.setAttribute("aria-rowcount", state.rows.length + 1);
    state.headers.forEach(function (header) {
      if (header.dataset.column === state.sort.column) {
        header.setAttribute("aria-sort", state.sort.descending ? "descending" : "ascending");
      } else {
        header.removeAttribute("aria-sort");
      }
    });
    const all = state.data.n;
    state.count.textContent = isFiltered(state)
      ? Frugal.text("table.shown", { n: state.rows.length, all: all })
      : "";
  }

  function isFirst(state) {
    const { column, descending } = state.first;
    return state.sort.column === column && state.sort.descending === descending;
  }

  function isFiltered(state) {
    const chosen = Object.keys(CHOICES).some((name) => state[name] >= 0);
    return state.search.trim() !== "" || chosen || state.marks.length > 0;
  }

  /* After a pause: the rows are seen first, and a picture of thousands is painted once for all that
   * is typed in one go.
   */
  function tellRows(state) {
    window.clearTimeout(state.telling);
    state.telling = window.setTimeout(function () {
      Frugal.tell("rows", { board: state.board, rows: state.rows });
    }, PAUSE);
  }

  function changed(state) {
    update(state);
    tellRows(state);
    const direction = state.sort.descending ? "-" : "";
    Frugal.address.write(state.board, {
      q: state.search.trim() === "" ? "" : state.search,
      sort: isFirst(state) ? "" : direction + state.sort.column,
      marks: state.marks.join(","),
      ...chosen(state),
    });
  }

  /* Take the state from the address; what this board does not know is as if it were not there. */
  function restore(state) {
    const read = (name) => Frugal.address.read(state.board, name);
    state.search = read("q").slice(0, LONGEST_SEARCH);
    const sort = read("sort");
    const column = sort.replace(/^-/, "");
    state.sort = state.columns.includes(column)
      ? { column: column, descending: sort.startsWith("-") }
      : state.first;
    const marks = read("marks").split(",");
    state.marks = state.markBoxes.map((box) => box.value).filter((mark) => marks.includes(mark));
    state.searchBox.value = state.search;
    state.markBoxes.forEach(function (box) {
      box.checked = state.marks.includes(box.value);
    });
    state.choices.forEach(function (box) {
      const name = box.dataset.filter;
      state[name] = read(name) ? state.data[CHOICES[name]].indexOf(read(name)) : -1;
      if (state[name] >= 0) {
        fillChoices(state, box);
      }
      box.value = state[name] < 0 ? "" : String(state[name]);
    });
    update(state);
  }

  /* What is chosen of teams and families, by name. */
  function chosen(state) {
    const values = {};
    state.choices.forEach(function (box) {
      const name = box.dataset.filter;
      values[name] = state[name] < 0 ? "" : state.data[CHOICES[name]][state[name]];
    });
    return values;
  }

  function fillChoices(state, box) {
    if (box.options.length > 1) {
      return;
    }
    const all = state.data[CHOICES[box.dataset.filter]];
    const keys = all.map(Frugal.rows.collated);
    const order = keys.map((_, n) => n).sort((a, b) => (keys[a] < keys[b] ? -1 : 1));
    const options = order.map(function (n) {
      const option = make("option", "", all[n]);
      option.value = n;
      return option;
    });
    box.append(...options);
  }

  function makeSortable(state) {
    state.headers.forEach(function (header) {
      const button = make("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", function () {
        const column = header.dataset.column;
        const same = state.sort.column === column;
        const descending = same ? !state.sort.descending : header.dataset.sort === "descending";
        state.sort = { column: column, descending: descending };
        changed(state);
      });
    });
    const head = state.table.tHead.rows[0];
    head.setAttribute("aria-rowindex", "1");
    const pick = make("th", "pick");
    pick.scope = "col";
    pick.append(make("span", "unseen", Frugal.text("compare.column")));
    head.prepend(pick);
    state.table.querySelector("colgroup").prepend(make("col", "col-pick"));
  }

  function listenToTools(state) {
    state.searchBox.addEventListener("input", function () {
      state.search = state.searchBox.value.slice(0, LONGEST_SEARCH);
      changed(state);
    });
    state.markBoxes.forEach(function (box) {
      box.addEventListener("change", function () {
        state.marks = state.markBoxes.filter((one) => one.checked).map((one) => one.value);
        changed(state);
      });
    });
    state.choices.forEach(function (box) {
      box.addEventListener("change", function () {
        state[box.dataset.filter] = box.value === "" ? -1 : Number(box.value);
        changed(state);
      });
      window.setTimeout(() => fillChoices(state, box), 0);
    });
  }

  function positionOf(state, element) {
    const row = element && element.closest("tr[data-row]");
    return row ? state.rows.indexOf(Number(row.dataset.row)) : -1;
  }

  function light(state, row) {
    state.lit = row;
    state.live.forEach(function (element) {
      element.classList.toggle("linked", Number(element.dataset.row) === row);
    });
  }

  /* A mark of the picture and its row light up together, from either side. */
  function pointed(state, element) {
    const position = element ? positionOf(state, element) : -1;
    const row = position < 0 ? null : state.rows[position];
    if (row !== state.lit) {
      light(state, row);
      if (Frugal.picture) {
        Frugal.picture.highlight(state.board, row);
      }
    }
  }

  function listenToRows(state) {
    let asked = false;
    state.box.addEventListener(
      "scroll",
      function () {
        if (!asked) {
          asked = true;
          window.requestAnimationFrame(function () {
            asked = false;
            state.top = state.box.scrollTop;
            draw(state);
          });
        }
      },
      { passive: true }
    );
    state.body.addEventListener("focusin", function (event) {
      state.focused = positionOf(state, event.target);
      pointed(state, event.target);
    });
    state.body.addEventListener("focusout", function (event) {
      if (!state.body.contains(event.relatedTarget)) {
        state.focused = null;
        pointed(state, null);
      }
    });
    state.body.addEventListener("mouseover", (event) => pointed(state, event.target));
    state.body.addEventListener("mouseleave", () => pointed(state, null));
    state.body.addEventListener("change", function (event) {
      const row = Number(event.target.closest("tr").dataset.row);
      event.target.checked = Frugal.compare.set(state.board, row, event.target.checked);
    });
    new ResizeObserver(function () {
      measure(state);
      draw(state);
    }).observe(state.box);
  }

  /* Bring a row into sight and put the focus on its link; not when a filter hides it. */
  function open(state, row) {
    const position = state.rows.indexOf(row);
    if (position < 0) {
      return;
    }
    const room = state.box.clientHeight - state.table.tHead.offsetHeight - state.height;
    state.box.scrollTop = Math.max(0, position * state.height - room / 2);
    state.top = state.box.scrollTop;
    draw(state);
    state.live.get(position).querySelector("a").focus({ preventScroll: true });
    state.box.scrollIntoView({ block: "nearest" });
  }

  function mount(detail) {
    const section = detail.element;
    const box = section.querySelector(".table-box");
    if (!box) {
      return;
    }
    const table = box.querySelector("table");
    const headers = Array.from(table.querySelectorAll("thead th[data-column]"));
    const sorted = headers.find((header) => header.hasAttribute("aria-sort"));
    const state = {
      board: detail.board,
      data: detail.data,
      box: box,
      table: table,
      body: table.tBodies[0],
      headers: headers,
      columns: headers.map((header) => header.dataset.column),
      first: {
        column: sorted.dataset.column,
        descending: sorted.getAttribute("aria-sort") === "descending",
      },
      searchBox: section.querySelector(".tools input[type=search]"),
      choices: Array.from(section.querySelectorAll(".tools select")),
      team: -1,
      family: -1,
      markBoxes: Array.from(section.querySelectorAll(".tools input[type=checkbox]")),
      count: section.querySelector(".entries .count"),
      blank: blank(table),
      height: LIKELY_HEIGHT,
      rows: new Uint32Array(0),
      top: 0,
      live: new Map(),
      focused: null,
      lit: null,
      telling: 0,
      printing: false,
    };
    tables.set(state.board, state);
    box.classList.add("windowed");
    section.querySelector(".tools").hidden = false;
    section.querySelectorAll(".scriptless").forEach((note) => note.remove());
    makeSortable(state);
    listenToTools(state);
    listenToRows(state);
    restore(state);
  }

  /* On paper there is no window: the first rows, and a word on the others. */
  function print(printing) {
    tables.forEach(function (state) {
      state.printing = printing;
      drawAnew(state);
      if (printing && state.rows.length > PRINTED) {
        const values = { n: PRINTED, all: state.rows.length };
        const cell = make("td", "", Frugal.text("table.printed", values));
        cell.colSpan = state.columns.length + 1;
        const note = make("tr");
        note.append(cell);
        state.body.append(note);
      }
    });
  }

  function of(board, action) {
    if (tables.has(board)) {
      action(tables.get(board));
    }
  }

  Frugal.on("board", mount);
  Frugal.on("mounted", (detail) => of(detail.board, (state) => isFiltered(state) && tellRows(state)));
  Frugal.on("select", function (detail) {
    of(detail.board, function (state) {
      light(state, detail.row);
      if (detail.open && detail.row !== null) {
        open(state, detail.row);
      }
    });
  });
  Frugal.on("compare", function (detail) {
    of(detail.board, function (state) {
      state.live.forEach(function (element) {
        element.cells[0].firstChild.checked = detail.rows.includes(Number(element.dataset.row));
      });
    });
  });
  Frugal.on("address", function () {
    tables.forEach(function (state) {
      restore(state);
      tellRows(state);
    });
  });
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));

})();
