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
