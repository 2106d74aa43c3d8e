/* Up to four entries of one board side by side, and what the board's ranking claims of each pair.
 * Claims are in a file of their own, which is loaded when two entries are first compared: of many
 * entries there are many more pairs.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const MOST = 4;
  const BEATS = {
    1: "compare.beats_by_quality",
    2: "compare.beats_by_energy",
    3: "compare.beats_by_both",
  };
  const WHY = {
    "baseline": "compare.why_baseline",
    "too-few-sessions": "compare.why_too_few_sessions",
    "unresolved-energy": "compare.why_unresolved_energy",
    "items-missing": "compare.why_items_missing",
    "items-unfit": "compare.why_items_unfit",
  };
  const make = Frugal.make;
  const ticked = new Map(); /* board -> rows, in the order they were ticked */
  const claims = new Map(); /* board -> winner's row -> runs of losers */

  function rowsOf(board) {
    return ticked.get(board) || [];
  }

  function has(board, row) {
    return rowsOf(board).includes(row);
  }

  /* Tick a row, or take the tick away; say whether it is ticked now. */
  function set(board, row, on) {
    const others = rowsOf(board).filter((other) => other !== row);
    if (on && others.length >= MOST) {
      notice(board, Frugal.text("compare.most", { n: MOST }));
      return false;
    }
    ticked.set(board, on ? others.concat(row) : others);
    changed(board);
    save(board);
    return on;
  }

  function notice(board, said) {
    Frugal.boards.get(board).element.querySelector(".notice").textContent = said;
  }

  function changed(board) {
    draw(board);
    Frugal.tell("compare", { board: board, rows: rowsOf(board) });
  }

  function slug(data, row) {
    return data.slug[row] || data.entry[row];
  }

  function save(board) {
    const data = Frugal.boards.get(board).data;
    const slugs = rowsOf(board).map((row) => slug(data, row));
    Frugal.address.write(board, { compare: slugs.join(",") });
  }

  /* Entries that this board does not have are left out. */
  function restore(board) {
    const data = Frugal.boards.get(board).data;
    const wanted = Frugal.address.read(board, "compare").split(",").filter(Boolean).slice(0, MOST);
    const rows = new Map(wanted.map((each) => [each, -1]));
    for (let row = 0; wanted.length && row < data.n; row += 1) {
      if (rows.has(slug(data, row))) {
        rows.set(slug(data, row), row);
      }
    }
    ticked.set(board, Array.from(rows.values()).filter((row) => row >= 0));
  }

  function nameOf(data, row) {
    return make("bdi", "name", Frugal.cells.called(data, row));
  }

  function heading(board, data, row) {
    const cell = make("th");
    cell.scope = "col";
    const link = make("a");
    link.href = Frugal.cells.page(data, row);
    link.append(nameOf(data, row));
    const button = make("button", "drop", "×");
    button.type = "button";
    const called = Frugal.cells.called(data, row);
    button.setAttribute("aria-label", Frugal.text("compare.drop", { entry: called }));
    button.addEventListener("click", function () {
      set(board, row, false);
      const panel = panelOf(board);
      const next = panel.querySelector("button");
      (panel.hidden ? panel.closest("section.board").querySelector(".table-box") : next).focus();
    });
    cell.append(link, " ", button);
    return cell;
  }

  /* One row of the comparison for each column of the board's table, under the same heading. */
  function figures(board, section, data, rows) {
    const table = make("table");
    table.append(make("caption", "unseen", Frugal.text("compare.caption")));
    const head = table.createTHead().insertRow();
    const corner = make("td");
    head.append(corner, ...rows.map((row) => heading(board, data, row)));
    const body = table.createTBody();
    section.querySelectorAll(".table-box thead th[data-column]").forEach(function (header) {
      const column = header.dataset.column;
      if (column === "entry") {
        return;
      }
      const line = body.insertRow();
      const title = make("th");
      title.scope = "row";
      const source = header.querySelector("button") || header;
      title.append(...Array.from(source.childNodes, (node) => node.cloneNode(true)));
      line.append(title);
      rows.forEach(function (row) {
        Frugal.cells.fill[column](line.insertCell(), data, row);
      });
    });
    const box = make("div", "compare-box");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", Frugal.text("compare.caption"));
    box.append(table);
    return box;
  }

  /* How `winner` beats `loser`: 0 not at all, 1 by quality, 2 by energy, 3 by both. */
  function claim(board, winner, loser) {
    const runs = claims.get(board)[winner] || [];
    for (let n = 0; n < runs.length; n += 3) {
      if (loser >= runs[n] && loser < runs[n] + runs[n + 1]) {
        return runs[n + 2];
      }
    }
    return 0;
  }

  /* Whether the interval of `upper` lies wholly above that of `lower`. */
  function above(data, figure, upper, lower) {
    const least = Frugal.cells.value(data, figure + "Low", upper);
    const most = Frugal.cells.value(data, figure + "High", lower);
    return least !== null && most !== null && least > most;
  }

  /* Of two that both are at the floor, the energy is the harness's own: nothing tells them apart. */
  function cheaper(data, one, other) {
    const floor = Frugal.rows.FLAGS.floor;
    return !(data.flags[one] & data.flags[other] & floor) && above(data, "joules", other, one);
  }

  /* What intervals that do not touch say of a pair of which nothing is claimed: the key of the
   * sentence, or null.
   */
  function leaning(data, one, other) {
    const better = above(data, "quality", one, other);
    if (better && cheaper(data, other, one)) {
      return "compare.trade";
    }
    if (cheaper(data, one, other)) {
      return better ? "compare.both" : "compare.less_energy";
    }
    return better ? "compare.better_quality" : null;
  }

  function unlinked(data, one, other) {
    const groups = data.ranking.apart;
    return groups.length > 0
      && !groups.some((rows) => rows.includes(one) && rows.includes(other));
  }

  function pair(board, data, one, other) {
    const why = data.ranking.why;
    const nodes = { a: nameOf(data, one), b: nameOf(data, other) };
    const outside = [one, other].find((row) => row in why);
    if (outside !== undefined) {
      nodes.entry = nameOf(data, outside);
      nodes.why = Frugal.text(WHY[why[outside]]);
      return Frugal.sentence("compare.unranked", nodes);
    }
    const ways = [[one, other], [other, one]];
    for (const [winner, loser] of ways) {
      const kind = claim(board, winner, loser);
      if (kind) {
        return Frugal.sentence(BEATS[kind], { a: nameOf(data, winner), b: nameOf(data, loser) });
      }
    }
    if (unlinked(data, one, other)) {
      return Frugal.sentence("compare.unlinked", nodes);
    }
    for (const [first, second] of ways) {
      const key = leaning(data, first, second);
      if (key) {
        return Frugal.sentence(key, { a: nameOf(data, first), b: nameOf(data, second) });
      }
    }
    return Frugal.sentence("compare.same", nodes);
  }

  function pairs(board, data, rows) {
    if (!data.ranking) {
      return make("p", "explain", Frugal.text("compare.no_ranking"));
    }
    if (!claims.has(board)) {
      Frugal.load(Frugal.boards.get(board).element.dataset.claims);
      return make("p", "explain", Frugal.text("compare.loading"));
    }
    const list = make("ul", "plain-list claims");
    rows.forEach(function (one, n) {
      rows.slice(n + 1).forEach(function (other) {
        const item = make("li");
        item.append(pair(board, data, one, other));
        list.append(item);
      });
    });
    return list;
  }

  function panelOf(board) {
    return Frugal.boards.get(board).element.querySelector(".compare");
  }

  function draw(board) {
    const { element, data } = Frugal.boards.get(board);
    const panel = panelOf(board);
    const rows = rowsOf(board);
    const jump = element.querySelector(".jump");
    jump.hidden = !rows.length;
    jump.textContent = Frugal.text("compare.jump", { n: rows.length });
    notice(board, rows.length === 1 ? Frugal.text("compare.one_more") : "");
    panel.hidden = !rows.length;
    const content = panel.querySelector(".compare-content");
    content.textContent = "";
    if (rows.length) {
      content.append(figures(board, element, data, rows));
    }
    if (rows.length > 1) {
      content.append(pairs(board, data, rows));
    }
  }

  function addClaims(json) {
    const given = JSON.parse(json);
    claims.set(given.board, given.claims);
    const rows = rowsOf(given.board);
    if (rows.length > 1) {
      const content = panelOf(given.board).querySelector(".compare-content");
      const { data } = Frugal.boards.get(given.board);
      content.lastElementChild.replaceWith(pairs(given.board, data, rows));
    }
  }

  function clear(board) {
    ticked.set(board, []);
    changed(board);
    save(board);
    Frugal.boards.get(board).element.querySelector(".table-box").focus();
  }

  Frugal.on("board", function (detail) {
    const panel = detail.element.querySelector(".compare");
    if (panel) {
      panel
        .querySelector(".clear")
        .addEventListener("click", () => clear(detail.board));
    }
  });
  Frugal.on("mounted", function (detail) {
    if (panelOf(detail.board)) {
      restore(detail.board);
      if (rowsOf(detail.board).length) {
        changed(detail.board);
      }
    }
  });
  Frugal.on("address", function () {
    Frugal.boards.forEach(function (_, board) {
      if (panelOf(board)) {
        restore(board);
        changed(board);
      }
    });
  });

  Frugal.compare = { has: has, set: set };
  Frugal.addClaims = addClaims;
})();
