/* What stands in the cells of an entry: the same as templates/table.html writes. */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const ACCENTED = ["least", "best", "front"];
  const MARKS = {
    least: "table.mark_least",
    best: "table.mark_best",
    front: "table.mark_front",
    verified: "table.mark_verified",
    reference: "table.mark_reference",
    floor: "table.mark_floor",
  };
  const NOTHING = "–";
  const make = Frugal.make;

  function value(data, column, row) {
    return data[column] ? data[column][row] : null;
  }

  function lines(cell, first, ...others) {
    cell.textContent = first;
    others.forEach(function (line) {
      cell.append(" ", make("span", "range", line));
    });
  }

  function page(data, row) {
    return "entries/" + data.board + "/" + (data.slug[row] || data.entry[row]) + ".html";
  }

  function called(data, row) {
    return data.entry[row] || Frugal.text("table.no_name");
  }

  function marks(data, row) {
    const flags = Frugal.rows.FLAGS;
    return Object.keys(flags).filter((mark) => data.flags[row] & flags[mark]);
  }

  const fill = {
    rank(cell, data, row) {
      const best = value(data, "best", row);
      cell.textContent =
        best === null ? Frugal.text("table.unranked") : Frugal.rankRange(best, data.worst[row]);
    },
    entry(cell, data, row) {
      const link = make("a");
      link.href = page(data, row);
      link.append(make("bdi", "", called(data, row)));
      cell.title = called(data, row) + "\n" + data.name[row]; /* the cell cuts what is long */
      cell.append(link, " ", make("bdi", "range", data.name[row]));
    },
    team(cell, data, row) {
      const team = Frugal.rows.teams(data)[data.team[row]];
      cell.title = team;
      cell.append(make("bdi", "", team));
    },
    quality(cell, data, row) {
      const range = Frugal.between(data.qualityLow[row], data.qualityHigh[row]);
      lines(cell, Frugal.significant(data.quality[row]), range);
    },
    joules(cell, data, row) {
      const joules = value(data, "joules", row);
      if (joules === null) {
        cell.textContent = Frugal.text("table.unresolved");
        return;
      }
      const low = value(data, "joulesLow", row);
      const range =
        low === null
          ? Frugal.text("table.too_few_sessions")
          : Frugal.narrowBetween(low, data.joulesHigh[row]);
      lines(cell, Frugal.significant(joules), range, Frugal.wattHours(joules, data.wattHours));
    },
    class(cell, data, row) {
      cell.textContent = value(data, "class", row) || NOTHING;
    },
    support(cell, data, row) {
      const support = value(data, "support", row);
      cell.textContent = support === null ? NOTHING : Frugal.percent(support);
    },
    seconds(cell, data, row) {
      cell.textContent = Frugal.significant(data.seconds[row]);
    },
    sessions(cell, data, row) {
      cell.textContent = Frugal.count(data.sessions[row]);
    },
    marks(cell, data, row) {
      const tags = make("div");
      marks(data, row).forEach(function (mark) {
        const accent = ACCENTED.includes(mark) ? "tag accent" : "tag";
        tags.append(make("span", accent, Frugal.text(MARKS[mark])), " ");
      });
      cell.append(tags);
    },
  };

  Frugal.cells = { fill: fill, page: page, called: called, value: value };
})();
