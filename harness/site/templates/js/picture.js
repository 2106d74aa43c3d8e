/* The picture of a board with the script at work: what is under the pointer or the keys is told in a
 * card and to screen readers, a part can be looked at more closely, and the table goes along. The
 * drawing of the page itself stays for print, and where there is no script.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const STEP = 1.6; /* of a zoom by a button or a key */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
  const pictures = new Map(); /* by board */
  const make = Frugal.make;
  const { beside, inView, look, restore, zoom } = Frugal.view;

  function draw(state) {
    if (!state.asked) {
      state.asked = true;
      window.requestAnimationFrame(function () {
        state.asked = false;
        paint(state);
      });
    }
  }

  function paint(state) {
    const width = state.canvas.clientWidth;
    if (!width) {
      return;
    }
    state.place = Frugal.scales.layout(width);
    state.to = Frugal.scales.of(state.view, state.place);
    const left = state.points.drawn.filter((row) => state.left[row]);
    const shown = left.filter((row) => inView(state, row));
    Frugal.canvas.paint(state.canvas, {
      points: state.points,
      view: state.view,
      place: state.place,
      tone: state.tone,
      words: state.words,
      lines: state.lines,
      shown: shown,
      faded: left.length === state.points.drawn.length
        ? []
        : state.points.drawn.filter((row) => !state.left[row] && inView(state, row)),
      visible: shown.length,
      lit: state.lit !== null && inView(state, state.lit) ? state.lit : null,
      box: state.box,
    });
    showCard(state);
  }

  function summary(state, row) {
    const data = state.data;
    const joules = Frugal.significant(data.joules[row]);
    const low = Frugal.cells.value(data, "joulesLow", row);
    const range = low === null ? Frugal.text("table.too_few_sessions") : Frugal.between(low, data.joulesHigh[row]);
    const lines = [
      state.words.metric + " " + Frugal.significant(data.quality[row]) + " (" +
        Frugal.between(data.qualityLow[row], data.qualityHigh[row]) + ")",
      Frugal.text("picture.energy", { joules: joules, unit: state.words.unit, range: range, wattHours: Frugal.wattHours(data.joules[row], data.wattHours) }),
    ];
    const best = Frugal.cells.value(data, "best", row);
    if (best !== null) {
      lines.push(Frugal.text("picture.rank", { rank: Frugal.rankRange(best, data.worst[row]) }));
    }
    const letters = Frugal.cells.value(data, "class", row);
    if (letters) {
      lines.push(Frugal.text("picture.class", { letters: letters }));
    }
    const support = Frugal.cells.value(data, "support", row);
    if (support !== null) {
      const key = state.points.isFront(row) ? "picture.support" : "picture.support_off";
      lines.push(Frugal.text(key, { percent: Frugal.percent(support) }));
    }
    if (state.points.isReference(row)) {
      lines.push(Frugal.text("table.mark_reference"));
    }
    return lines;
  }

  function showCard(state) {
    const row = state.lit;
    state.card.hidden = row === null || !inView(state, row);
    if (state.card.hidden) {
      return;
    }
    const title = make("strong");
    title.append(make("bdi", "", Frugal.cells.called(state.data, row)));
    const team = make("bdi", "quiet", Frugal.rows.teams(state.data)[state.data.team[row]]);
    state.card.replaceChildren(title, team, ...summary(state, row).map((line) => make("span", "", line)));
    const x = state.to.x(state.points.x[row]);
    const y = state.to.y(state.points.y[row]);
    const wide = state.card.offsetWidth;
    const tall = state.card.offsetHeight;
    const left = x + 14 + wide > state.place.width ? x - 14 - wide : x + 14;
    state.card.style.left = Math.max(0, Math.min(left, state.place.width - wide)) + "px";
    state.card.style.top = Math.max(0, Math.min(y + 14, state.place.height - tall)) + "px";
  }

  /* Light a mark; `said` when it was asked for by the keys, and is to be read out. */
  function light(state, row, said) {
    if (row !== state.lit) {
      state.lit = row;
      draw(state);
    }
    if (said && row !== null) {
      const team = Frugal.rows.teams(state.data)[state.data.team[row]];
      state.live.textContent = [Frugal.cells.called(state.data, row), team].concat(summary(state, row)).join(", ");
    }
  }

  function choose(state, row, open) {
    light(state, row, false);
    Frugal.tell("select", { board: state.board, row: row, open: open });
  }

  /* The next mark in a direction: by energy from left to right, by quality upwards. */
  function next(state, key) {
    const { points } = state;
    const across = key === "ArrowLeft" || key === "ArrowRight" || key === "Home" || key === "End";
    const by = across ? points.x : points.y;
    const rows = Array.from(points.drawn)
      .filter((row) => state.left[row] && inView(state, row))
      .sort((a, b) => by[a] - by[b] || a - b);
    if (!rows.length) {
      return null;
    }
    const at = rows.indexOf(state.lit);
    const step = key === "ArrowRight" || key === "ArrowUp" ? 1 : -1;
    if (key === "Home" || (at < 0 && key !== "End" && step > 0)) {
      return rows[0];
    }
    const last = rows.length - 1;
    return rows[key === "End" || at < 0 ? last : Math.min(Math.max(at + step, 0), last)];
  }

  /* The mark that a key leads to; at the edge of a closer look that goes along, while it can. */
  function walk(state, key) {
    let row = next(state, key);
    while ((row === null || row === state.lit) && beside(state, ...(STEPS[key] || [0, 0]))) {
      row = next(state, key);
    }
    return row;
  }

  /* Zoom about the mark that is lit, or that was asked for last; else about the middle. */
  function closer(state, factor) {
    const { points } = state;
    const row = state.lit === null ? state.last : state.lit;
    const about = row !== null && state.left[row] && inView(state, row);
    zoom(state, factor, ...(about ? [points.x[row], points.y[row]] : []));
  }

  function pressed(state, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const zooms = { "+": STEP, "=": STEP, "-": 1 / STEP };
    if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
      const row = walk(state, event.key);
      state.last = row;
      choose(state, row, false);
      light(state, row, true);
    } else if (event.key === "Enter" && state.lit !== null) {
      choose(state, state.lit, true);
    } else if (zooms[event.key]) {
      closer(state, zooms[event.key]);
    } else if (event.key === "Escape" || event.key === "0") {
      look(state, state.home);
    } else {
      return;
    }
    event.preventDefault();
  }

  function button(state, name, sign, called, action) {
    const made = make("button", "zoom", sign);
    made.type = "button";
    made.setAttribute("aria-label", called);
    made.title = called;
    made.addEventListener("click", action);
    state.buttons[name] = made;
    return made;
  }

  function build(state) {
    const figure = state.figure;
    const tools = make("div", "picture-tools");
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", Frugal.text("picture.tools"));
    tools.append(
      button(state, "closer", "+", Frugal.text("picture.closer"), () => closer(state, STEP)),
      button(state, "out", "−", Frugal.text("picture.out"), () => closer(state, 1 / STEP)),
      button(state, "whole", "⤢", Frugal.text("picture.whole"), () => look(state, state.home))
    );
    const stage = make("div", "stage");
    state.canvas.tabIndex = 0;
    state.canvas.setAttribute("role", "application");
    state.canvas.setAttribute("aria-label", figure.getAttribute("aria-label"));
    const hint = make("p", "unseen", Frugal.text("picture.keys"));
    hint.id = state.element.id + "-keys";
    /* What the drawing shows in words: it is not displayed, and describes all the same. */
    state.canvas.setAttribute("aria-describedby", figure.querySelector(".chart desc").id + " " + hint.id);
    state.live.setAttribute("aria-live", "polite");
    state.card.hidden = true;
    stage.append(state.canvas, state.card, hint, state.live);
    figure.querySelector(".chart").before(tools, stage);
    figure.classList.add("live");
    /* Now, not when it is painted: a picture that grows then would move what an address leads to. */
    state.canvas.style.height = Frugal.scales.layout(state.canvas.clientWidth).height + "px";
    state.canvas.addEventListener("keydown", (event) => pressed(state, event));
    figure.addEventListener("focusout", function (event) {
      if (!figure.contains(event.relatedTarget)) { /* a button that zooms leaves its mark lit */
        choose(state, null, false);
      }
    });
    Frugal.pointer.listen(state);
    new ResizeObserver(() => draw(state)).observe(stage);
  }

  function mount(element, data) {
    const figure = element.querySelector("figure.picture");
    const points = figure && Frugal.view.pointsOf(data);
    if (!points || !points.drawn.length) {
      return;
    }
    const home = Frugal.view.whole(points);
    const state = {
      board: data.board,
      element: element,
      figure: figure,
      data: data,
      points: points,
      home: home,
      view: home,
      left: new Uint8Array(data.n).fill(1), /* by search and filters */
      lit: null,
      last: null, /* the mark that was asked for last, by a key, a click or a finger */
      box: null,
      buttons: {},
      canvas: make("canvas", "plot"),
      card: make("div", "card"),
      live: make("p", "unseen"),
      tone: Frugal.canvas.colours(element),
      words: { across: figure.dataset.across, up: figure.dataset.up, metric: figure.dataset.up, unit: figure.dataset.unit },
      lines: JSON.parse(figure.dataset.lines),
    };
    state.draw = () => draw(state);
    state.choose = (row, open) => choose(state, row, open);
    pictures.set(data.board, state);
    build(state);
    restore(state);
  }

  function of(board, action) {
    if (pictures.has(board)) {
      action(pictures.get(board));
    }
  }

  Frugal.on("rows", function (detail) {
    of(detail.board, function (state) {
      const before = state.left;
      state.left = new Uint8Array(state.data.n);
      detail.rows.forEach(function (row) {
        state.left[row] = 1;
      });
      if (state.left.some((is, row) => is !== before[row])) { /* a sort leaves the picture as it is */
        draw(state);
      }
    });
  });
  Frugal.on("address", () => pictures.forEach(restore));
  ["prefers-color-scheme: dark", "prefers-contrast: more", "forced-colors: active"].forEach(function (wish) {
    window.matchMedia("(" + wish + ")").addEventListener("change", function () {
      pictures.forEach(function (state) {
        state.tone = Frugal.canvas.colours(state.element);
        draw(state);
      });
    });
  });

  Frugal.picture = {
    mount: mount,
    highlight: (board, row) => of(board, (state) => light(state, row, false)),
  };
})();
