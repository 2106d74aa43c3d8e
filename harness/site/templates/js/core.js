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
