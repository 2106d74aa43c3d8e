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
