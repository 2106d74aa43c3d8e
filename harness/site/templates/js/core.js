/* What the parts of the page's script share. It is joined from templates/js in the order core,
 * address, facets, rows, table, compare, picture; each part is one function that registers itself
 * on the global Frugal. The page is whole without it.
 *
 * A board is named by its file stem ("some-task-offline-0badcafe"): <section class="board"
 * data-board="STEM">. An entry is named by its row: the position in the board's own order, from 0,
 * which is what data-row says in the HTML and in the SVG, whatever the table is sorted by.
 *
 * data/STEM.js calls Frugal.add(JSON) once; harness/site/client.py says what stands in it. Then
 *   1. Frugal.boards.get(STEM) is {element, data}: the section, and the columns;
 *   2. the event "board" is told with {board: STEM, element, data};
 *   3. Frugal.picture.mount(element, data) is called, where there is a picture;
 *   4. performance.mark("frugal-ready") is set.
 *
 * Events: Frugal.on(name, listener), Frugal.tell(name, detail).
 *   "select"   {board, row | null, open}   told by the picture: a mark is hovered or focused (row),
 *              or no longer (null). The table lights the row. With open: true (a click, or Enter)
 *              the table brings the row into view and puts the focus on it.
 *   "rows"     {board, rows}   told by the table after a search, a filter or a sort: the rows that
 *              are left, in the order they stand in (Uint32Array); the picture fades the others.
 *   "compare"  {board, rows}   the rows that are ticked to be compared, at most four (array).
 *   "address"  {}   the address was changed from outside (back, forward): read it again.
 *
 * The picture registers Frugal.picture = {mount(element, data), highlight(board, row | null)}:
 * highlight is called by the table when a row is hovered or focused, and when it no longer is.
 *
 * State that a link carries: Frugal.address.read(board, name) -> string, "" where absent;
 * Frugal.address.write(board, {name: string, ...}), "" takes away. See address.js. The picture's
 * names there are its own ("zoom"); whatever is read there may have been made up by anybody.
 */
(function () {
  "use strict";

  const holder = document.getElementById("strings");
  const strings = holder ? JSON.parse(holder.textContent) : {};
  const language = document.documentElement.lang || "en";
  const listeners = new Map();
  const formats = new Map();
  const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const SIGNIFICANT_DIGITS = 3;
  const JOULES_PER_WH = 3600;
  let plurals = null;

  /* The string of the catalogue, its {holes} filled; with plurals, the one for values.n. */
  function text(key, values) {
    let said = strings[key];
    if (said === undefined) {
      throw new Error("the page has no string " + key);
    }
    if (typeof said === "object") {
      plurals = plurals || new Intl.PluralRules(language);
      said = said[plurals.select(values.n)] || said.other;
    }
    return said.replace(/\{(\w+)\}/g, function (hole, name) {
      if (!values || !(name in values)) {
        throw new Error("the string " + key + " wants " + hole);
      }
      return typeof values[name] === "number" ? count(values[name]) : values[name];
    });
  }

  function fixed(value, decimals) {
    let format = formats.get(decimals);
    if (!format) {
      format = new Intl.NumberFormat(language, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      formats.set(decimals, format);
    }
    return format.format(value).replace("-", "\u2212");
  }

  function count(value) {
    return fixed(value, 0);
  }

  /* Three significant digits, as harness/site/text.py spells them. */
  function significant(value) {
    if (value === 0) {
      return "0";
    }
    const parts = value.toExponential(SIGNIFICANT_DIGITS - 1).split("e");
    const exponent = Number(parts[1]);
    if (exponent >= -4 && exponent < 6) {
      const rounded = Number(parts[0] + "e" + exponent);
      return fixed(rounded, Math.max(0, SIGNIFICANT_DIGITS - 1 - exponent));
    }
    const power = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPT[digit]);
    const mantissa = fixed(Number(parts[0]), SIGNIFICANT_DIGITS - 1);
    return mantissa + "\u00a0×\u00a010" + (exponent < 0 ? "⁻" : "") + power;
  }

  function wattHours(joules) {
    return significant(joules / JOULES_PER_WH);
  }

  function between(low, high) {
    return text("script.between", { low: significant(low), high: significant(high) });
  }

  function percent(share) {
    return text("script.percent", { value: fixed(100 * share, 0) });
  }

  function rankRange(best, worst) {
    return best === worst ? String(best) : best + "–" + worst;
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
    const element = sections().find((section) => section.dataset.board === data.board);
    if (!element || Frugal.boards.has(data.board)) {
      return;
    }
    Frugal.boards.set(data.board, { element: element, data: data });
    tell("board", { board: data.board, element: element, data: data });
    if (Frugal.picture) {
      attempt(() => Frugal.picture.mount(element, data));
    }
    performance.mark("frugal-ready");
  }

  /* Load a script of our own: fetch() does nothing in a page that was opened from a file. */
  function load(source) {
    if (!document.querySelector('script[src="' + CSS.escape(source) + '"]')) {
      const script = document.createElement("script");
      script.src = source;
      document.head.append(script);
    }
  }

  const Frugal = {
    language: language,
    boards: new Map(),
    text: text,
    count: count,
    significant: significant,
    wattHours: wattHours,
    between: between,
    percent: percent,
    rankRange: rankRange,
    on: on,
    tell: tell,
    sections: sections,
    add: add,
    load: load,
  };
  window.Frugal = Frugal;
})();
