/* The picture of a board: a mark and its row light up together. */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  function marks(board) {
    return Frugal.boards.get(board).element.querySelectorAll(".mark[data-row]");
  }

  function highlight(board, row) {
    marks(board).forEach(function (mark) {
      mark.classList.toggle("linked", Number(mark.dataset.row) === row);
    });
  }

  function mount(element, data) {
    function told(event, open) {
      const mark = event.target.closest(".mark[data-row]");
      if (mark) {
        Frugal.tell("select", { board: data.board, row: Number(mark.dataset.row), open: open });
        highlight(data.board, Number(mark.dataset.row));
        if (open) {
          event.preventDefault();
        }
      }
    }
    function left() {
      Frugal.tell("select", { board: data.board, row: null, open: false });
      highlight(data.board, null);
    }
    element.querySelectorAll(".chart").forEach(function (chart) {
      ["mouseover", "focusin"].forEach((name) => chart.addEventListener(name, (event) => told(event, false)));
      ["mouseout", "focusout"].forEach((name) => chart.addEventListener(name, left));
      chart.addEventListener("click", (event) => told(event, true));
    });
  }

  Frugal.on("rows", function (detail) {
    const shown = new Set(detail.rows);
    marks(detail.board).forEach(function (mark) {
      mark.classList.toggle("filtered", !shown.has(Number(mark.dataset.row)));
    });
  });

  Frugal.picture = { mount: mount, highlight: highlight };
})();
