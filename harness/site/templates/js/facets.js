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
