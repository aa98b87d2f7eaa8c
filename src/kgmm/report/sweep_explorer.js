// The sweep explorer: a statistic of a sweep along one of its axes, as lines, or over two, as a map.
"use strict";
(() => {
  const source = document.getElementById("sweep-data");
  if (!source) return;
  const { colour, dark, fill, layout, show, whenNear, zoomByKeys } = plots;
  const sweeps = JSON.parse(source.textContent);
  const part = (name) => document.getElementById(`sweep-${name}`);
  const [title, statistic, of, shape, across, by, rest, logarithmic, note, panel] =
    ["title", "statistic", "of", "shape", "across", "by", "rest", "logarithmic", "note", "panel"].map(part);
  const NONE = "none";
  const COLOURS = ["fitted", "cells", "other", "model", "further", "quiet"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "star", "triangle-down"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  // From this ratio of largest to smallest on, a scale is logarithmic.
  const DECADE = 8;
  // More fields than that have no room for their numbers.
  const MOST_NUMBERS = 120;

  const sweep = () => sweeps[title.selectedIndex];
  const shown = () => sweep().statistics.find((one) => one.name === statistic.value && one.of === of.value);
  const axisOf = (select) => sweep().axes.find((axis) => axis.label === select.value);
  const isMap = () => shape.value === "map" && axisOf(by) !== undefined;
  const label = (one) => [one.name, one.of === "–" ? "" : one.of].filter(Boolean).join(", ");
  const text = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))).replaceAll("-", "−"));
  const present = (values) => values.filter((value) => value !== null && value !== undefined);
  const spansDecades = (values) => values.length > 1 && Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > DECADE;
  const named = (axis, value) => (axis.label === "method" ? value : `${axis.label} = ${value}`);
  const unique = (values) => [...new Set(values)];

  // Numbers of the settings that differ from the chosen ones along the two axes alone.
  const settingAt = () => {
    const { axes, settings } = sweep();
    const numbers = new Map(settings.map((places, k) => [places.join(), k]));
    const fixed = axes.map((axis) => {
      const select = rest.querySelector(`select[data-axis="${CSS.escape(axis.label)}"]`);
      return select ? select.selectedIndex : 0;
    });
    const [first, second] = [across, by].map((select) => axes.indexOf(axisOf(select)));
    return (i, j) => numbers.get(fixed.map((place, a) => (a === first ? i : a === second ? j : place)).join());
  };
  const hover = (one, k) => {
    const { replicates, failed } = sweep();
    const interval = one.low && one.low[k] !== null ? ` [${text(one.low[k])}, ${text(one.high[k])}]` : "";
    const floor = one.floor && one.floor[k] !== null ? `<br>noise floor ${text(one.floor[k])}` : "";
    const count = one.n[k] === 1 ? "1 replicate" : `${one.n[k]} replicates`;
    return `${text(one.value[k])}${interval}${floor}<br>${count}${failed[k] ? `; ${failed[k]}` : ""}`;
  };

  // Text stands at the whole numbers. Lines stand a little apart, so that no interval hides another.
  const places = (axis, n) => {
    const numbers = axis.numbers || axis.values.map((_, i) => i);
    const isLog = axis.numbers !== null && spansDecades(numbers);
    const scaled = isLog ? numbers.map(Math.log) : numbers;
    const gap = scaled.length > 1 ? Math.min(...scaled.slice(1).map((value, i) => value - scaled[i])) : 0;
    const step = Math.min(gap * 0.5 / n, 0.01 * (scaled[scaled.length - 1] - scaled[0]));
    const at = (j) => scaled.map((value) => value + step * (j - (n - 1) / 2)).map(isLog ? Math.exp : (value) => value);
    return { numbers, isLog, at };
  };
  const lines = (one, at, place) => {
    const [x, second] = [axisOf(across), axisOf(by)];
    const values = second ? second.values : [label(one)];
    return values.map((value, j) => {
      const ks = x.values.map((_, i) => at(i, j));
      const y = ks.map((k) => (k === undefined ? null : one.value[k]));
      const reach = (bound, sign) => ks.map((k, i) => (y[i] === null || !bound || bound[k] === null ? 0 : Math.max(0, sign * (bound[k] - y[i]))));
      const [look, symbol] = [colour(COLOURS[j % COLOURS.length]), SYMBOLS[j % SYMBOLS.length]];
      return {
        name: second ? named(second, value) : value, type: "scatter", mode: "lines+markers", x: place.at(j), y, ks,
        line: { color: look, width: 2, dash: DASHES[Math.floor(j / COLOURS.length) % DASHES.length] },
        marker: { size: 8, line: { width: 2, color: look }, symbol: ks.map((k) => symbol + (k !== undefined && sweep().failed[k] ? "-open" : "")) },
        error_y: { type: "data", symmetric: false, array: reach(one.high, 1), arrayminus: reach(one.low, -1), thickness: 1.2, width: 4, color: look },
        text: ks.map((k, i) => (y[i] === null ? "" : `${[named(x, x.values[i]), second && named(second, value)].filter(Boolean).join(", ")}<br>${hover(one, k)}`)),
        hovertemplate: "%{text}<extra></extra>",
      };
    });
  };
  // Noise floors: those of other problems apart, else their mean, as they differ by noise alone.
  const floors = (one, drawn, place) => {
    if (!one.floor) return [];
    const second = axisOf(by);
    const of = (trace) => trace.ks.map((k) => (k === undefined ? null : one.floor[k]));
    const look = (y, style, legend) => ({
      name: "noise floor", type: "scatter", mode: "lines", x: place.numbers, y, legendgroup: "floor", showlegend: legend,
      line: { color: style, width: 1.3, dash: "dot" }, hoverinfo: "skip", connectgaps: true,
    });
    if (second && second.problem) return drawn.map((trace, j) => look(of(trace), trace.line.color, j === 0));
    const all = drawn.map(of);
    const mean = (i) => { const known = present(all.map((row) => row[i])); return known.length ? known.reduce((a, b) => a + b) / known.length : null; };
    return [look(place.numbers.map((_, i) => mean(i)), colour("exact"), true)];
  };
  // Settings without a value stand at the lower edge, on a scale of their own.
  const crosses = (drawn) => {
    const marks = drawn.flatMap((trace) => trace.ks.flatMap((k, i) =>
      k !== undefined && trace.y[i] === null && sweep().failed[k] ? [{ x: trace.x[i], text: `${trace.name}<br>${sweep().failed[k]}` }] : []));
    return !marks.length ? [] : [{
      name: "failed", type: "scatter", mode: "markers", yaxis: "y2", x: marks.map((mark) => mark.x), y: marks.map(() => 0.03),
      marker: { symbol: "x", size: 9, color: colour("bad") }, text: marks.map((mark) => mark.text), hovertemplate: "%{text}<extra></extra>",
    }];
  };
  // An interval that nearly reaches zero would flatten everything else.
  const logarithmicRange = (one, drawn) => {
    const of = (values) => present(drawn.flatMap((trace) => trace.ks.map((k) => (k === undefined || !values ? null : values[k])))).filter((value) => value > 0);
    const [values, all] = [[...of(one.value), ...of(one.floor)], [...of(one.value), ...of(one.high)]];
    return values.length ? [Math.log10(Math.min(...values) / 3), Math.log10(Math.min(1.3 * Math.max(...all), 10 * Math.max(...values)))] : undefined;
  };
  const drawLines = (one, at, name) => {
    const x = axisOf(across);
    const second = axisOf(by);
    const place = places(x, second ? second.values.length : 1);
    const drawn = lines(one, at, place);
    const traces = [...drawn, ...floors(one, drawn, place), ...crosses(drawn)];
    const figure = layout(label(one), x.label, `${one.name}${one.unit}`, { hovermode: "closest", showlegend: traces.length > 1 });
    figure.height = 440 + 19 * Math.ceil(traces.length / (panel.clientWidth < 700 ? 2 : 6));
    figure.yaxis2 = { overlaying: "y", range: [0, 1], visible: false, fixedrange: true };
    if (logarithmic.checked) Object.assign(figure.yaxis, { type: "log", range: logarithmicRange(one, drawn) });
    if (place.isLog) figure.xaxis.type = "log";
    // Text has no ticks of its own.
    const narrow = panel.clientWidth < 700;
    const every = Math.ceil(x.values.length / (narrow ? 8 : 20));
    const ticked = (_, i) => i % every === 0;
    if (!x.numbers || x.values.length <= (narrow ? 6 : 10)) Object.assign(figure.xaxis, { tickvals: place.numbers.filter(ticked), ticktext: x.values.filter(ticked) });
    show(panel, traces, figure, name);
    return drawn.flatMap((trace) => trace.ks);
  };

  // A colour bar of logarithms is labelled by the numbers.
  const ticks = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10);
    const found = [];
    for (let power = Math.floor(low); power <= high; power += 1) for (const digit of high - low > 2 ? [1] : [1, 2, 5]) found.push(digit * 10 ** power);
    const inside = found.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
    const chosen = inside.length ? inside : [Math.min(...values), Math.max(...values)];
    return { tickvals: chosen.map(Math.log10), ticktext: chosen.map(text) };
  };
  const drawMap = (one, at, name) => {
    const [x, y] = [axisOf(across), axisOf(by)];
    const ks = y.values.map((_, j) => x.values.map((_, i) => at(i, j)));
    const value = (k) => (k === undefined ? null : one.value[k]);
    const scaled = (k) => { const v = value(k); return v === null || !logarithmic.checked ? v : v > 0 ? Math.log10(v) : null; };
    const failed = (k) => k !== undefined && sweep().failed[k];
    const many = ks.flat().length > MOST_NUMBERS || (panel.clientWidth - 170) / x.values.length < 42;
    const positive = present(ks.flat().map(value)).filter((v) => v > 0);
    const map = {
      name: one.name, type: "heatmap", x: x.values, y: y.values, z: ks.map((row) => row.map(scaled)), xgap: 2, ygap: 2, ks,
      colorscale: "Viridis", colorbar: { thickness: 12, exponentformat: "power", ...(logarithmic.checked && positive.length ? ticks(positive) : {}) },
      text: ks.map((row) => row.map((k) => (value(k) === null || many ? "" : text(Number(value(k).toPrecision(2))) + (failed(k) ? " ×" : "")))),
      texttemplate: "%{text}", hoverongaps: false,
      customdata: ks.map((row, j) => row.map((k, i) => `${named(x, x.values[i])}, ${named(y, y.values[j])}<br>${value(k) === null ? "" : hover(one, k)}`)),
      hovertemplate: "%{customdata}<extra></extra>",
    };
    const empty = ks.flatMap((row, j) => row.flatMap((k, i) => (value(k) === null ? [{ x: x.values[i], y: y.values[j], k }] : [])));
    const gaps = {
      name: "failed", type: "scatter", mode: "text", x: empty.map((gap) => gap.x), y: empty.map((gap) => gap.y),
      text: empty.map((gap) => (failed(gap.k) ? (many ? "×" : "failed") : "–")), textfont: { color: colour("bad") },
      customdata: empty.map((gap) => failed(gap.k) || "no such number"), hovertemplate: "%{customdata}<extra></extra>", showlegend: false,
    };
    const figure = layout(`${label(one)}${one.unit}`, x.label, y.label, { hovermode: "closest" });
    figure.height = Math.min(900, 150 + 44 * Math.max(5, y.values.length));
    [[figure.xaxis, x], [figure.yaxis, y]].forEach(([axis, { values }]) =>
      Object.assign(axis, { type: "category", categoryorder: "array", categoryarray: values, showgrid: false, automargin: true }));
    show(panel, empty.length ? [map, gaps] : [map], figure, name);
    return ks.flat();
  };

  const remarks = (one, ks) => {
    const { replicates, failed, axes } = sweep();
    const known = ks.filter((k) => k !== undefined);
    const values = present(known.map((k) => one.value[k]));
    if (!values.length) return [known.some((k) => failed[k]) ? "Every setting of this choice failed." : "No setting of this choice has this number."];
    const nFailed = known.filter((k) => failed[k]).length;
    const hidden = logarithmic.checked ? values.filter((value) => value <= 0).length : 0;
    return [
      isMap() ? "" : replicates > 1 ? `Bars: 95 % intervals from ${replicates} replicates.` : "One replicate: bars are the interval it gives itself.",
      nFailed ? `With failures: ${nFailed} of ${known.length} settings of this choice (${isMap() ? "×" : "open marks, or a cross where no value is left"}).` : "",
      hidden ? `${hidden} not above zero, not on a logarithmic scale.` : "",
      one.at_equal_sigma && axes.some((axis) => axis.label.split(" / ").includes("σ")) ? "Losses are comparable at equal σ only." : "",
    ].filter(Boolean);
  };
  const draw = () => {
    const one = shown();
    if (!one) {
      panel.hidden = true;
      note.textContent = "Every setting of this sweep failed; the reasons are in its section.";
      return;
    }
    const name = `${sweep().title}-${label(one)}`.replace(/[^A-Za-z0-9.=]+/g, "-");
    const ks = (isMap() ? drawMap : drawLines)(one, settingAt(), name);
    note.textContent = remarks(one, ks).join(" ");
  };

  const chooseRest = () => {
    const before = new Map([...rest.querySelectorAll("select")].map((select) => [select.dataset.axis, select.value]));
    const others = sweep().axes.filter((axis) => axis !== axisOf(across) && axis !== axisOf(by));
    rest.replaceChildren(...others.map((axis) => {
      const select = document.createElement("select");
      select.dataset.axis = axis.label;
      fill(select, axis.values);
      if (axis.values.includes(before.get(axis.label))) select.value = before.get(axis.label);
      select.addEventListener("change", draw);
      const field = document.createElement("label");
      field.append(`${axis.label} `, select);
      return field;
    }));
    draw();
  };
  const chooseAcross = () => {
    const others = sweep().axes.filter((axis) => axis !== axisOf(across)).map((axis) => axis.label);
    part("by-label").textContent = shape.value === "map" ? "vertical axis" : "lines by";
    fill(by, shape.value === "map" && others.length ? others : [...others, NONE]);
    chooseRest();
  };
  const chooseOf = () => {
    const one = shown();
    logarithmic.checked = Boolean(one) && spansDecades(present(one.value));
    chooseAcross();
  };
  const chooseStatistic = () => {
    fill(of, unique(sweep().statistics.filter((one) => one.name === statistic.value).map((one) => one.of)));
    of.parentElement.hidden = ["–", ""].includes(of.value);
    chooseOf();
  };
  const chooseTitle = () => {
    const { axes, statistics } = sweep();
    fill(statistic, unique(statistics.map((one) => one.name)));
    fill(across, axes.map((axis) => axis.label));
    // The method is told apart by lines.
    if (axes.length > 1 && across.value === "method") across.selectedIndex = 1;
    shape.disabled = axes.length < 2;
    if (shape.disabled) shape.value = "lines";
    chooseStatistic();
  };

  zoomByKeys(panel);
  for (const [select, change] of [[title, chooseTitle], [statistic, chooseStatistic], [of, chooseOf], [shape, chooseAcross], [across, chooseAcross], [by, chooseRest], [logarithmic, draw], [dark, draw]]) {
    select.addEventListener("change", change);
  }
  fill(title, sweeps.map((one) => one.title));
  whenNear(part("explorer"), chooseTitle);
})();
