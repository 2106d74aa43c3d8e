/* Axes: ticks that people would have chosen, as harness/site/scales.py chooses them. */
(function () {
  "use strict";

  if (!window.Frugal) {
    return;
  }

  const ROUNDING = 1e-9;
  const LINEAR_BELOW_RATIO = 10;
  const MULTIPLES = [[1, 2, 5], [1, 3], [1]];

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

  Frugal.scales = { linear: linear, logarithmic: logarithmic, spelt: spelt };
})();
