/* The table of a board: searched, filtered and sorted, its state in the address. viewport.js puts
 * the rows that are in sight into the page.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const LONGEST_SEARCH = 200;
  const PAUSE = 120; /* milliseconds */
  const LIKELY_HEIGHT = 80; /* of a row, until the browser has laid one out */
  const CHOICES = { team: "teams", family: "families" }; /* what is chosen, and the column of all */
  const make = Frugal.make;
  const tables = new Map();
  let printing = false;

  /* Work out which rows are left and in which order, and show them from the first. */
  function update(state) {
    const own = isFirst(state); /* the board's own order wants no sorting */
    const column = own ? "" : state.sort.column;
    const sorted = Frugal.rows.order(state.data, column, !own && state.sort.descending);
    state.rows = Frugal.rows.filtered(state.data, sorted, state);
    Frugal.viewport.drawAnew(state);
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
      state[name] = read(name) ? placeOf(state.data[CHOICES[name]], read(name)) : -1;
      if (state[name] >= 0) {
        fillChoices(state, box);
      }
      box.value = state[name] < 0 ? "" : String(state[name]);
    });
    update(state);
  }

  /* Where a team or family of an address stands: it may be spelt otherwise by now. */
  function placeOf(all, name) {
    const fold = Frugal.rows.fold;
    const exact = all.indexOf(name);
    return exact >= 0 ? exact : all.findIndex((each) => fold(each) === fold(name));
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
    const name = box.dataset.filter;
    const all = name === "team" ? Frugal.rows.teams(state.data) : state.data[CHOICES[name]];
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
            Frugal.viewport.draw(state);
          });
        }
      },
      { passive: true }
    );
    state.table.tHead.addEventListener("focusin", function (event) {
      if (event.target.matches(":focus-visible")) {
        // A browser leaves a heading where it is as soon as a bit of it is seen.
        event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    });
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
      Frugal.viewport.measure(state);
      Frugal.viewport.draw(state);
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
    Frugal.viewport.draw(state);
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
      blank: Frugal.viewport.blank(table),
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
    if (printing) {
      Frugal.viewport.print(state, true);
    }
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
  function print(onPaper) {
    printing = onPaper;
    tables.forEach((state) => Frugal.viewport.print(state, printing));
  }
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
})();
