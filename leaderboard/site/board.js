/* Sorting, searching, and the link between a point and its row. The page is whole without it. */
(function () {
  "use strict";

  function cellValue(row, column, numeric) {
    var cell = row.cells[column];
    if (!numeric) {
      return cell.textContent.trim().toLocaleLowerCase();
    }
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function compare(a, b) {
    if (typeof a === "string") {
      return a.localeCompare(b, undefined, { numeric: true });
    }
    return a - b;
  }

  function sortBy(table, header, direction) {
    var body = table.tBodies[0];
    var column = header.cellIndex;
    var rows = Array.from(body.rows);
    var numeric = rows.length > 0 && rows[0].cells[column].dataset.value !== undefined;
    var sign = direction === "ascending" ? 1 : -1;
    var keyed = rows.map(function (row) {
      return { row: row, value: cellValue(row, column, numeric) };
    });
    keyed.sort(function (a, b) {
      if (a.value === null || b.value === null) {
        return (a.value === null) - (b.value === null); // what is unknown stays last
      }
      return sign * compare(a.value, b.value);
    });
    body.append.apply(body, keyed.map(function (item) { return item.row; }));
    table.querySelectorAll("th[aria-sort]").forEach(function (other) {
      other.removeAttribute("aria-sort");
    });
    header.setAttribute("aria-sort", direction);
  }

  function makeSortable(table) {
    table.querySelectorAll("thead th[data-sort]").forEach(function (header) {
      var button = document.createElement("button");
      button.type = "button";
      button.append.apply(button, Array.from(header.childNodes));
      header.append(button);
      button.addEventListener("click", function () {
        var now = header.getAttribute("aria-sort");
        var opposite = now === "ascending" ? "descending" : "ascending";
        sortBy(table, header, now ? opposite : header.dataset.sort);
      });
    });
  }

  function makeSearchable(board) {
    var search = board.querySelector(".search");
    var input = search.querySelector("input");
    var count = search.querySelector(".count");
    var rows = Array.from(board.querySelectorAll("tbody tr"));
    var haystacks = new Map(rows.map(function (row) {
      var titles = Array.from(row.querySelectorAll("[title]"), function (cell) { return cell.title; });
      return [row, (row.textContent + " " + titles.join(" ")).toLocaleLowerCase()];
    }));
    search.hidden = false;
    input.addEventListener("input", function () {
      var words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row) {
        var found = words.every(function (word) { return haystacks.get(row).includes(word); });
        row.hidden = !found;
        shown += found;
        board.querySelectorAll('.mark[data-entry="' + row.id + '"]').forEach(function (mark) {
          mark.classList.toggle("filtered", !found);
        });
      });
      count.textContent = words.length ? shown + " of " + rows.length + " shown" : "";
    });
  }

  function linkMarks(board) {
    function light(event, on) {
      var holder = event.target.closest("[data-entry]");
      if (!holder) {
        return;
      }
      board.querySelectorAll('[data-entry="' + holder.dataset.entry + '"]').forEach(function (part) {
        part.classList.toggle("linked", on);
      });
    }
    ["mouseover", "focusin"].forEach(function (name) {
      board.addEventListener(name, function (event) { light(event, true); });
    });
    ["mouseout", "focusout"].forEach(function (name) {
      board.addEventListener(name, function (event) { light(event, false); });
    });
  }

  /* A link to what lies in a closed <details> opens it, in browsers that don't do so themselves. */
  function openTarget() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    var holder = target && target.closest("details");
    if (holder && !holder.open) {
      holder.open = true;
      target.scrollIntoView();
    }
  }

  document.querySelectorAll(".board").forEach(function (board) {
    var table = board.querySelector("table");
    if (table) {
      makeSortable(table);
      makeSearchable(board);
      linkMarks(board);
    }
  });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
