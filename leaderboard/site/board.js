/* What the parts of the page's script share. It is joined from templates/js in the order core,
 * address, facets, rows, cells, viewport, table, compare, scales, canvas, view, pointer, picture; each
 * part is one function that registers itself on the global Frugal. The page is whole without it.
 *
 * A board is named by its file stem ("some-task-offline-0badcafe"): <section class="board"
 * data-board="STEM">. An entry is named by its row: the position in the board's own order, from 0,
 * which is what data-row says in the HTML and in the SVG, whatever the table is sorted by.
 *
 * data/STEM.js calls Frugal.add(JSON) once; harness/site/client.py says what stands in it. Then
 *   1. Frugal.boards.get(STEM) is {element, data}: the section, and the columns;
 *   2. the event "board" is told with {board: STEM, element, data}: the table is made;
 *   3. Frugal.picture.mount(element, data) is called, where there is a picture;
 *   4. the event "mounted" is told with {board: STEM}: "rows" and "compare" follow from it where
 *      the address says more than the plain board;
 *   5. performance.mark("frugal-ready") is set.
 *
 * Events: Frugal.on(name, listener), Frugal.tell(name, detail).
 *   "select"   {board, row | null, open}   told by the picture: a mark is hovered or focused (row),
 *              or no longer (null). The table lights the row. With open: true (a click, or Enter)
 *              the table brings the row into view and puts the focus on it.
 *   "rows"     {board, rows}   told by the table, a moment after a search, a filter or a sort: the
 *              rows that are left, in the order they stand in (Uint32Array); the picture fades others.
 *   "compare"  {board, rows}   the rows that are ticked to be compared, at most four (array).
 *   "address"  {}   the address was changed from outside (back, forward): read it again.
 *
 * The picture registers Frugal.picture = {mount(element, data), highlight(board, row | null)}:
 * highlight is called by the table when a row is hovered or focused, and when it no longer is.
 *
 * State that a link carries: Frugal.address.read(board, name) -> string, "" where absent;
 * Frugal.address.write(board, {name: string, ...}), "" takes away. See address.js. The picture's
 * names there are its own ("zoom"); whatever is read there may have been made up by anybody.
 *
 * Words: Frugal.text(key, values) of the catalogue's [script] tables; Frugal.sentence(key, nodes)
 * puts elements into the holes. Figures: count, significant, wattHours, between, narrowBetween,
 * percent.
 */
(function () {
  "use strict";

  const holder = document.getElementById("strings");
  if (!holder) {
    return;
  }
  const spoken = JSON.parse(holder.textContent); /* harness/site/language.py: Language.script */
  const listeners = new Map();
  const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const SIGNIFICANT_DIGITS = 3;
  const LEAST_SHARED = 0.1;
  const WATT_HOURS = { kWh: 3.6e6, Wh: 3600, mWh: 3.6, "µWh": 0.0036 }; /* in joules, the largest first */
  const MINUS = "\u2212";
  const HOLE = /\{(\w+)\}/;

  /* The string of the catalogue, with the form that values.n asks for. */
  function template(key, values) {
    const said = spoken.strings[key];
    if (said === undefined) {
      throw new Error("the page has no string " + key);
    }
    if (typeof said === "string") {
      return said;
    }
    const n = Math.abs(values.n);
    return said[n >= spoken.singular[0] && n < spoken.singular[1] ? 0 : 1];
  }

  function filled(said, values) {
    return said.replace(/\{(\w+)\}/g, function (hole, name) {
      return typeof values[name] === "number" ? count(values[name]) : values[name];
    });
  }

  function text(key, values) {
    return filled(template(key, values || {}), values || {});
  }

  /* A string whose holes are filled with elements, as a fragment. */
  function sentence(key, nodes) {
    const made = document.createDocumentFragment();
    template(key, nodes).split(HOLE).forEach(function (part, n) {
      made.append(n % 2 ? nodes[part] : part);
    });
    return made;
  }

  function fixed(value, decimals) {
    const parts = Math.abs(value).toFixed(decimals).split(".");
    const whole = parts[0].replace(/\B(?=(\d{3})+$)/g, spoken.figures.thousands);
    const sign = value < 0 ? MINUS : "";
    return sign + (parts[1] ? whole + spoken.figures.decimal + parts[1] : whole);
  }

  function count(value) {
    return fixed(value, 0);
  }

  /* Mantissa and exponent; what lies in the middle goes to the even digit, as in Python. */
  function rounded(value) {
    const exact = value.toExponential(20);
    const even = /^(-?\d\.\d[02468])50+e(.+)$/.exec(exact);
    const parts = even ? even.slice(1) : value.toExponential(SIGNIFICANT_DIGITS - 1).split("e");
    return { mantissa: parts[0], exponent: Number(parts[1]) };
  }

  function isPlain(exponent) {
    return exponent >= -4 && exponent < 6;
  }

  /* Three significant digits, as harness/site/text.py spells them. */
  function significant(value) {
    if (value === 0) {
      return "0";
    }
    const { mantissa, exponent } = rounded(value);
    if (isPlain(exponent)) {
      const decimals = Math.max(0, SIGNIFICANT_DIGITS - 1 - exponent);
      return fixed(Number(mantissa + "e" + exponent), decimals);
    }
    return fixed(Number(mantissa), SIGNIFICANT_DIGITS - 1) + timesTen(exponent);
  }

  function timesTen(exponent) {
    const power = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPT[digit]);
    return " × 10" + (exponent < 0 ? "⁻" : "") + power;
  }

  /* "27.8 mWh": in that unit, else in the largest of which there is one, as text.py spells it. */
  function wattHours(joules, unit) {
    const chosen = unit || Object.keys(WATT_HOURS).find((each) => joules >= WATT_HOURS[each]) || "µWh";
    return significant(joules / WATT_HOURS[chosen]) + "\u00a0" + chosen;
  }

  function between(low, high) {
    return filled(spoken.figures.between, { low: significant(low), high: significant(high) });
  }

  /* In a narrow column: ends share a power of ten, as language.py spells it. */
  function narrowBetween(low, high) {
    const { exponent } = rounded(high);
    const shared = Number("1e" + exponent);
    if (isPlain(exponent) || low / shared < LEAST_SHARED) {
      return between(low, high);
    }
    return between(low / shared, high / shared) + timesTen(exponent);
  }

  function percent(share) {
    const exact = 100 * share;
    const tie = exact % 1 === 0.5;
    const whole = tie ? 2 * Math.round(exact / 2) : Math.round(exact);
    return filled(spoken.figures.percent, { figure: count(whole) });
  }

  function rankRange(best, worst) {
    return best === worst ? count(best) : count(best) + "–" + count(worst);
  }

  function on(name, listener) {
    listeners.set(name, (listeners.get(name) || []).concat(listener));
  }

  /* A listener that fails is reported and keeps no other from hearing. */
  function tell(name, detail) {
    (listeners.get(name) || []).forEach(function (listener) {
      attempt(() => listener(detail));
    });
  }

  function attempt(action) {
    try {
      action();
    } catch (error) {
      console.error(error);
    }
  }

  function sections() {
    return Array.from(document.querySelectorAll("section.board[data-board]"));
  }

  function add(json) {
    const data = JSON.parse(json);
    const board = data.board;
    const element = sections().find((section) => section.dataset.board === board);
    if (!element || Frugal.boards.has(board)) {
      return;
    }
    Frugal.boards.set(board, { element: element, data: data });
    tell("board", { board: board, element: element, data: data });
    if (Frugal.picture) {
      attempt(() => Frugal.picture.mount(element, data));
    }
    tell("mounted", { board: board });
    performance.mark("frugal-ready");
  }

  /* Load a script of our own, once, and go on: fetch() does nothing in a page opened from a file. */
  const loaded = new Set();
  function load(source, then) {
    if (loaded.has(source)) {
      if (then) {
        then();
      }
      return;
    }
    loaded.add(source);
    const script = document.createElement("script");
    script.src = source;
    if (then) {
      script.onload = then;
      script.onerror = then;
    }
    document.head.append(script);
  }

  function make(tag, className, content) {
    const element = document.createElement(tag);
    if (className) {
      element.className = className;
    }
    if (content !== undefined) {
      element.textContent = content;
    }
    return element;
  }

  const Frugal = {
    boards: new Map(),
    text: text,
    sentence: sentence,
    count: count,
    fixed: fixed,
    significant: significant,
    wattHours: wattHours,
    between: between,
    narrowBetween: narrowBetween,
    percent: percent,
    rankRange: rankRange,
    on: on,
    tell: tell,
    sections: sections,
    add: add,
    load: load,
    make: make,
  };
  window.Frugal = Frugal;
})();

/* The state of the page in its address, so that a view can be sent: ?BOARD.NAME=VALUE for a board's,
 * ?NAME=VALUE for the whole page's. Anybody can make up an address: values are cut, and whoever
 * reads one checks it against what there is. What we do not know stays in the address untouched.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const LONGEST_VALUE = 1000;
  const PAUSE = 200; /* milliseconds: browsers refuse addresses that change too often */
  let parameters = new URLSearchParams(location.search);
  let search = location.search;
  let waiting = 0;

  function key(board, name) {
    return board ? board + "." + name : name;
  }

  function read(board, name) {
    return (parameters.get(key(board, name)) || "").slice(0, LONGEST_VALUE);
  }

  function write(board, values) {
    Object.keys(values).forEach(function (name) {
      const value = String(values[name]).slice(0, LONGEST_VALUE);
      if (value) {
        parameters.set(key(board, name), value);
      } else {
        parameters.delete(key(board, name));
      }
    });
    window.clearTimeout(waiting);
    waiting = window.setTimeout(replace, PAUSE);
  }

  function query() {
    const said = parameters.toString();
    return said ? "?" + said : "";
  }

  function page() {
    return location.href.split(/[?#]/)[0];
  }

  /* The place that the address leads to; none once a choice hides it. */
  function place() {
    const target = document.getElementById(location.hash.slice(1));
    return target && target.closest("section[hidden]") ? "" : location.hash;
  }

  /* The same view in the other languages: however their link is followed or copied. */
  function relink() {
    document.querySelectorAll(".languages a").forEach(function (other) {
      other.href = other.href.split(/[?#]/)[0] + query() + place();
    });
  }

  /* Put the state into the address; the page works on where a browser refuses that. */
  function replace() {
    window.clearTimeout(waiting);
    search = query();
    relink();
    try {
      history.replaceState(history.state, "", page() + search + place());
    } catch (error) {
      console.warn(error);
    }
  }

  /* What to send to show somebody this view, at this board. */
  function link(element) {
    return page() + query() + "#" + element.id;
  }

  function say(element, key) {
    element.querySelector(".notice").textContent = Frugal.text(key);
  }

  /* Where nothing may be written to the clipboard, the link is shown to be copied by hand. */
  function offer(element) {
    const field = Frugal.make("input", "link");
    field.readOnly = true;
    field.value = link(element);
    field.setAttribute("aria-label", Frugal.text("address.by_hand"));
    say(element, "address.by_hand");
    element.querySelector(".notice").append(field);
    field.select();
  }

  function copy(element) {
    replace();
    const clipboard = navigator.clipboard;
    if (!clipboard) {
      offer(element);
      return;
    }
    clipboard.writeText(link(element)).then(
      () => say(element, "address.copied"),
      () => offer(element)
    );
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("button.copy-link")) {
      copy(event.target.closest("section.board"));
    }
    if (event.target.closest(".languages a")) {
      relink(); /* what was done a moment ago is not in the address yet */
    }
  });

  window.addEventListener("popstate", function () {
    if (location.search !== search) {
      window.clearTimeout(waiting);
      search = location.search;
      parameters = new URLSearchParams(search);
      Frugal.tell("address", {});
    }
    relink();
  });
  window.addEventListener("hashchange", relink);
  relink();

  Frugal.address = { read: read, write: write, link: link };
})();

/* What chooses boards (task, hardware, grade of the meter, status), and when a board's data come:
 * those of the first are in the page, others follow when they are about to be seen or a link leads
 * to them, or else when there is nothing else to do.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const NEAR = "600px"; /* below the window: time enough to load a board before it is seen */
  const LATER = 1000; /* milliseconds: for browsers that are never idle, or do not say when */
  const idle = window.requestIdleCallback || ((action) => window.setTimeout(action, LATER));
  const bar = document.querySelector(".facets");
  const selects = bar ? Array.from(bar.querySelectorAll("select[data-facet]")) : [];

  function matches(section) {
    return selects.every(function (select) {
      return !select.value || section.dataset[select.dataset.facet] === select.value;
    });
  }

  function show() {
    let shown = 0;
    const sections = Frugal.sections();
    sections.forEach(function (section) {
      const fits = matches(section);
      section.hidden = !fits;
      shown += fits;
      document.querySelectorAll(".board-list a").forEach(function (link) {
        if (link.hash === "#" + section.id) {
          link.parentElement.hidden = !fits;
        }
      });
    });
    const chosen = selects.some((select) => select.value);
    bar.querySelector(".facets-reset").hidden = !chosen;
    bar.querySelector(".count").textContent = chosen
      ? Frugal.text("facets.shown", { n: shown, all: sections.length })
      : "";
  }

  /* A value that no board has chooses nothing. */
  function restore() {
    selects.forEach(function (select) {
      const value = Frugal.address.read("", select.dataset.facet);
      const known = Array.from(select.options).some((option) => option.value === value);
      select.value = known ? value : "";
    });
    show();
  }

  function save() {
    const values = {};
    selects.forEach(function (select) {
      values[select.dataset.facet] = select.value;
    });
    Frugal.address.write("", values);
  }

  /* What a link leads to is shown, whatever else its address chooses. */
  function reveal(section) {
    if (section.hidden) {
      selects.forEach(function (select) {
        if (section.dataset[select.dataset.facet] !== select.value) {
          select.value = "";
        }
      });
      show();
      save();
    }
  }

  function mount() {
    selects.forEach(function (select) {
      select.addEventListener("change", function () {
        show();
        save();
      });
    });
    bar.querySelector(".facets-reset").addEventListener("click", function () {
      selects.forEach(function (select) {
        select.value = "";
      });
      show();
      save();
      selects[0].focus();
    });
    Frugal.on("address", restore);
    restore();
    bar.hidden = false;
  }

  /* Boards after the first load their data when they come near, or in time to be printed. */
  function loadLater() {
    const later = Frugal.sections().filter((section) => section.dataset.source);
    if (!later.length) {
      return;
    }
    const observer = new IntersectionObserver(
      function (seen) {
        seen.forEach(function (one) {
          if (one.isIntersecting) {
            observer.unobserve(one.target);
            Frugal.load(one.target.dataset.source);
          }
        });
      },
      { rootMargin: NEAR }
    );
    later.forEach((section) => observer.observe(section));
    const printed = () => later.forEach((section) => Frugal.load(section.dataset.source));
    window.addEventListener("beforeprint", printed);
    if (!(navigator.connection && navigator.connection.saveData)) {
      window.addEventListener("load", () => loadRest(later));
    }
  }

  /* One by one: a browser prints what is there, and does not wait for what is loaded only then. */
  function loadRest([section, ...others]) {
    if (section) {
      idle(() => Frugal.load(section.dataset.source, () => loadRest(others)), { timeout: LATER });
    }
  }

  /* What the address leads to: its board's data are loaded at once, and it stays in sight while
   * boards above it get theirs and change their height, until the reader goes elsewhere.
   */
  function land() {
    let target = null;
    let at = 0;
    let height = 0;
    function find() {
      target = document.getElementById(location.hash.slice(1));
      const section = target && target.closest("section.board");
      if (section) {
        reveal(section);
      }
      if (section && section.dataset.source) {
        Frugal.load(section.dataset.source);
      }
      at = target ? target.getBoundingClientRect().top : 0;
    }
    function leave() {
      target = null;
    }
    /* A scroll bar that is drawn tells no more than this: it went elsewhere, and nothing had grown. */
    function scrolled() {
      if (target && document.body.offsetHeight === height && Math.abs(target.getBoundingClientRect().top - at) > 1) {
        leave();
      }
    }
    find();
    const [visit] = performance.getEntriesByType("navigation");
    if (visit && visit.type !== "navigate") {
      leave(); /* the browser goes back to where the reader was */
    }
    new ResizeObserver(function () {
      height = document.body.offsetHeight;
      if (target) {
        target.scrollIntoView();
        at = target.getBoundingClientRect().top;
      }
    }).observe(document.body);
    ["wheel", "touchmove", "pointerdown", "keydown"].forEach((deed) => window.addEventListener(deed, leave, { passive: true }));
    window.addEventListener("scroll", scrolled, { passive: true });
    window.addEventListener("hashchange", find);
  }

  if (bar) {
    mount();
  }
  loadLater();
  land();
})();

/* Which rows of a board are shown, and in which order. Data stay in columns: there is no object a
 * row, and what a sort or a search needs is worked out when it is first asked for, and kept.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const FLAGS = { least: 1, best: 2, front: 4, verified: 8, reference: 16, floor: 32 };
  const SPELT = { "œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i" };
  const BEYOND_ASCII = /[^\x00-\x7f]/;
  const kept = new WeakMap(); /* data -> what was worked out of them */

  /* As people type it: no capitals, no accents. */
  function fold(text) {
    if (!BEYOND_ASCII.test(text)) {
      return text.toLowerCase();
    }
    return text
      .normalize("NFKD")
      .replace(/\p{Mn}+/gu, "")
      .toLowerCase()
      .replace(/[œæßøđðłı]/g, (letter) => SPELT[letter]);
  }

  /* Numbers in names by their size: each run of digits with its length before it, a 9 for every
   * nine digits and then the rest, so that no length is the beginning of another.
   */
  function collated(text) {
    return fold(text).replace(/\d+/g, function (digits) {
      const short = digits.replace(/^0+(?=\d)/, "");
      return "9".repeat(Math.floor(short.length / 9)) + (short.length % 9) + short;
    });
  }

  function once(data, name, make) {
    let found = kept.get(data);
    if (!found) {
      found = new Map();
      kept.set(data, found);
    }
    if (!found.has(name)) {
      found.set(name, make());
    }
    return found.get(name);
  }

  /* What teams are called: as the organisers have it, else as entries do. */
  function teams(data) {
    return once(data, "teams", function () {
      return data.teamNames ? data.teams.map((team, n) => data.teamNames[n] || team) : data.teams;
    });
  }

  function texts(data, column) {
    if (column === "entry") {
      return data.entry.map(collated);
    }
    const places = byPlace(teams(data).map(collated));
    return data.team.map((team) => places[team]);
  }

  /* The place of each text among all: numbers are compared faster, and equal texts share one. */
  function byPlace(keys) {
    const order = keys.map((_, n) => n).sort((a, b) => compare(keys[a], keys[b]));
    const places = new Array(keys.length);
    order.forEach(function (n, place) {
      const before = order[place - 1];
      places[n] = place > 0 && keys[before] === keys[n] ? places[before] : place;
    });
    return places;
  }

  function compare(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /* Marks by what they tell: prizes before the front, and so on, in the order of FLAGS. */
  function weight(flags) {
    return Object.values(FLAGS).reduce((sum, flag) => 2 * sum + (flags & flag ? 1 : 0), 0);
  }

  /* What a column is sorted by: one key a row, null where it is not known. */
  function keys(data, column) {
    switch (column) {
      case "entry":
      case "team":
        return texts(data, column);
      case "rank":
        return data.best && data.best.map((best, n) => (best === null ? null : best + data.worst[n]));
      case "class":
        return data.class && data.class.map((letters) => letters || null);
      case "marks":
        return data.flags.map(weight);
      default:
        return data[column];
    }
  }

  /* Rows by a column: stable, what is unknown last in both directions. "" is the board's order. */
  function order(data, column, descending) {
    return once(data, "order " + column + " " + descending, function () {
      const all = Uint32Array.from({ length: data.n }, (_, n) => n);
      const by = column ? keys(data, column) : null;
      if (!by) {
        return all;
      }
      const known = all.filter((n) => by[n] !== null);
      const sign = descending ? -1 : 1;
      if (typeof by[known[0]] === "number") {
        const numbers = Float64Array.from(by);
        known.sort((a, b) => sign * (numbers[a] - numbers[b]) || a - b);
      } else {
        known.sort((a, b) => sign * compare(by[a], by[b]) || a - b);
      }
      if (known.length === data.n) {
        return known;
      }
      const sorted = new Uint32Array(data.n);
      sorted.set(known);
      sorted.set(all.filter((n) => by[n] === null), known.length);
      return sorted;
    });
  }

  function haystacks(data) {
    return once(data, "haystacks", function () {
      const called = teams(data).map((name, n) => fold(name) + "\n" + fold(data.teams[n]));
      return data.entry.map(function (entry, n) {
        return fold(entry) + "\n" + fold(data.name[n]) + "\n" + called[data.team[n]];
      });
    });
  }

  /* The rows of `sorted` that have every word, every mark, the team and the family (-1: any). */
  function filtered(data, sorted, wanted) {
    const words = fold(wanted.search).split(/\s+/).filter(Boolean);
    let marks = 0;
    wanted.marks.forEach(function (mark) {
      marks |= FLAGS[mark];
    });
    if (!words.length && !marks && wanted.team < 0 && wanted.family < 0) {
      return sorted;
    }
    const stacks = words.length ? haystacks(data) : null;
    return sorted.filter(function (row) {
      return (
        (data.flags[row] & marks) === marks &&
        (wanted.team < 0 || data.team[row] === wanted.team) &&
        (wanted.family < 0 || data.family[row] === wanted.family) &&
        words.every((word) => stacks[row].includes(word))
      );
    });
  }

  Frugal.rows = { FLAGS: FLAGS, fold: fold, collated: collated, teams: teams, order: order, filtered: filtered };
})();

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

/* Axes: where a value stands on a canvas, and ticks that people would have chosen, as
 * harness/site/scales.py chooses them.
 */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const USUAL = 16; /* CSS pixels: a browser's letters, unless its reader chose others */
  const NARROW = 560; /* where names and ticks need to be fewer */
  const ROUNDING = 1e-9;
  const LINEAR_BELOW_RATIO = 10;
  const MULTIPLES = [[1, 2, 5], [1, 3], [1]];

  /* Where things stand on a canvas of this width, with letters as large as the reader has them. */
  function layout(width) {
    const zoom = parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL;
    const narrow = width < NARROW * zoom;
    const [top, bottom] = [34 * zoom, 74 * zoom];
    const field = (narrow ? 400 : Math.min(520, 0.46 * width)) - 34 - 74;
    return {
      width: width,
      height: Math.round(top + field + bottom),
      left: (narrow ? 48 : 64) * zoom,
      right: narrow ? 12 : 20,
      top: top,
      bottom: bottom,
      tools: 120 * zoom, /* how wide the buttons are */
      size: (narrow ? 12 : 14) * zoom,
      narrow: narrow,
    };
  }

  /* Between what is in view and the canvas: to a place from a value, and back. */
  function of(view, place) {
    const across = place.width - place.left - place.right;
    const up = place.height - place.top - place.bottom;
    return {
      x: (value) => place.left + ((value - view.left) / (view.right - view.left)) * across,
      y: (value) => place.height - place.bottom - ((value - view.low) / (view.high - view.low)) * up,
      column: (pixel) => view.left + ((pixel - place.left) / across) * (view.right - view.left),
      level: (pixel) => view.low + ((place.height - place.bottom - pixel) / up) * (view.high - view.low),
    };
  }

  /* At most so many multiples of 1, 2 or 5 times a power of ten within [low, high]. */
  function linear(low, high, most) {
    for (let exponent = Math.floor(Math.log10((high - low) / most)); ; exponent += 1) {
      for (const multiple of [1, 2, 5]) {
        const step = Number(multiple + "e" + exponent);
        const first = Math.ceil(low / step - ROUNDING);
        const last = Math.floor(high / step + ROUNDING);
        if (last - first + 1 <= most) {
          return Array.from({ length: Math.max(0, last - first + 1) }, function (_, n) {
            return Number((first + n) * multiple + "e" + exponent);
          });
        }
      }
    }
  }

  /* At most so many round values within [low, high], evenly spread in its logarithm. */
  function logarithmic(low, high, most) {
    if (high / low < LINEAR_BELOW_RATIO) {
      return linear(low, high, most);
    }
    const first = Math.floor(Math.log10(low));
    const exponents = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, n) => first + n);
    for (const multiples of MULTIPLES) {
      const ticks = [];
      exponents.forEach((exponent) => multiples.forEach((multiple) => ticks.push(Number(multiple + "e" + exponent))));
      const inside = ticks.filter((tick) => tick >= low && tick <= high);
      if (inside.length <= most) {
        return inside;
      }
    }
    const decades = exponents.filter((n) => Number("1e" + n) >= low && Number("1e" + n) <= high);
    const stride = Math.ceil(decades.length / most);
    return decades.filter((n) => n % stride === 0).map((n) => Number("1e" + n));
  }

  /* Spell ticks: alike where they are evenly spaced; the very small and very large by powers. */
  function spelt(ticks) {
    const sizes = ticks.map(Math.abs).filter(Boolean);
    const largest = Math.max.apply(null, sizes);
    const smallest = Math.min.apply(null, sizes);
    if (largest >= 1e6 || smallest < 1e-4) {
      return ticks.map(Frugal.significant);
    }
    const decimals = ticks.map((tick) => (String(Number(tick.toFixed(10))).split(".")[1] || "").length);
    const even = largest / smallest < LINEAR_BELOW_RATIO;
    const most = Math.max.apply(null, decimals);
    return ticks.map((tick, n) => Frugal.fixed(tick, even ? most : decimals[n]));
  }

  Frugal.scales = { layout: layout, of: of, linear: linear, logarithmic: logarithmic, spelt: spelt };
})();

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
