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
