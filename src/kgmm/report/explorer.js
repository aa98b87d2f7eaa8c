// The explorer: a choice of experiment, setting and variable; density, autocorrelation and score of that choice.
"use strict";
(() => {
  const source = document.getElementById("explorer-data");
  if (!source) return;
  const entries = JSON.parse(source.textContent);
  const part = (name) => document.getElementById(`explorer-${name}`);
  const choice = { title: part("title"), setting: part("setting"), variable: part("variable") };
  const logarithmic = part("logarithmic");
  const { colour, dark, fill, layout, show, turnByKeys, whenNear, zoomByKeys } = plots;
  const PANELS = ["density", "autocorrelation", "score", "orbit"];

  const settings = () => entries.filter((entry) => entry.title === choice.title.value);
  const chosen = () => settings().find((entry) => entry.setting === choice.setting.value);
  const line = (x, y, name, style) => ({
    x, y, name, type: "scatter", mode: "lines",
    line: { color: colour(style), width: 2, dash: { data: "solid", model: "dot", fitted: "dash", exact: "solid" }[style] || "dashdot" },
    hovertemplate: "%{y:.4g}",
  });

  const only = (entry) => (entry.density[0].fitted || entry.mobility === "identity" ? "model, Φ = I" : "model");
  const fitted = (entry) => `model, Φ ${entry.mobility}`;
  const drawDensity = (entry, k, name) => {
    const own = entry.density[k];
    const traces = [{ ...line(own.bin, own.data, "data", "data"), line: { color: colour("data"), width: 2, shape: "hvh" } }];
    if (own.exact) traces.push(line(own.bin, own.exact, "exact", "exact"));
    if (own.blurred) traces.push(line(own.curve, own.blurred, "blurred data", "further"));
    if (own.model) traces.push(line(own.curve, own.model, only(entry), "model"));
    if (own.fitted) traces.push(line(own.curve, own.fitted, fitted(entry), "fitted"));
    const figure = layout("Density", entry.variables[k], "density");
    if (logarithmic.checked) {
      const lowest = Math.min(...own.data.filter((value) => value > 0));
      const highest = Math.max(...own.data);
      Object.assign(figure.yaxis, { type: "log", range: [Math.log10(lowest / 3), Math.log10(highest * 2)] });
    }
    show(part("density"), traces, figure, `${name}-density`);
  };
  const drawAutocorrelation = (entry, k, name) => {
    const own = entry.autocorrelation[k];
    const traces = [line(entry.lag, own.data, "data", "data")];
    if (own.model) traces.push(line(entry.lag, own.model, only(entry), "model"));
    if (own.fitted) traces.push(line(entry.lag, own.fitted, fitted(entry), "fitted"));
    show(part("autocorrelation"), traces, layout("Autocorrelation", "lag", `autocorrelation of ${entry.variables[k]}`), `${name}-autocorrelation`);
  };
  const drawProfile = (profile, name) => {
    // The colours of the figures.
    const styles = {
      exact: "exact", "exact, smoothed": "quiet", "KGMM network": "fitted", "KGMM cells": "cells", "direct GMM score": "direct",
      "automatic choice": "auto", "automatic choice, stable": "auto", "denoising score matching": "dsm",
    };
    const traces = profile.lines.map(({ label, y }) => line(profile.x, y, label, styles[label] || "other"));
    // The exact score, or the best estimate, comes first.
    const reference = traces[0].y.filter((value) => value !== null);
    const [low, high] = [Math.min(...reference), Math.max(...reference)];
    const figure = layout("Score", "x", "score");
    // The direct GMM score leaves every scale at small σ, so that the range is that of the reference.
    figure.height += 18 * Math.max(0, traces.length - 3);
    figure.yaxis.range = [low - 0.25 * (high - low), high + 0.25 * (high - low)];
    show(part("score"), traces, figure, `${name}-score`);
  };
  const drawField = (field, variables, k, name) => {
    const labels = Object.keys(field.components);
    const wanted = labels.includes("KGMM network") ? "KGMM network" : labels[0];
    const values = field.components[wanted][k];
    const exact = field.components.exact && field.components.exact[k];
    const largest = Math.max(...(exact || values).flat().filter((value) => value !== null).map(Math.abs));
    const trace = {
      type: "heatmap", name: wanted, x: field.x, y: field.y, z: values, zmin: -largest, zmax: largest,
      colorscale: "RdBu", customdata: exact || values, colorbar: { thickness: 12 },
      hovertemplate: `(%{x:.3g}, %{y:.3g}): %{z:.4g}${exact ? ", exact %{customdata:.4g}" : ""}<extra></extra>`,
    };
    show(part("score"), [trace], layout(`Score ${k + 1}, ${wanted}`, ...variables, { hovermode: "closest" }), `${name}-score`);
  };
  const drawOrbit = (orbit, variables, name) => {
    const axes = Object.fromEntries(variables.map((title, k) => ["xyz"[k] + "axis", { title: { text: title }, color: colour("text"), gridcolor: colour("line"), nticks: 4 }]));
    const scene = { ...axes, camera: { eye: { x: 1.5, y: -1.6, z: 0.5 } }, aspectmode: "cube" };
    const traces = Object.entries(orbit).map(([kind, [x, y, z]], k) => ({
      type: "scatter3d", mode: "lines", name: k ? "model" : "data", x, y, z, scene: k ? "scene2" : "scene", line: { color: colour(k ? "fitted" : "data"), width: 2 }, hoverinfo: "skip",
    }));
    const figure = layout("Paths: drag to turn", "", "", {
      scene: { ...scene, domain: { x: [0, 0.49] } }, scene2: { ...scene, domain: { x: [0.51, 1] } }, margin: { l: 0, r: 0, t: 40, b: 10 },
    });
    delete figure.xaxis; delete figure.yaxis;
    show(part("orbit"), traces, figure, `${name}-orbit`);
  };

  // The address keeps the choice, so that a link to the page shows it again.
  const keep = () => {
    const kept = new URLSearchParams({ ...Object.fromEntries(Object.entries(choice).map(([name, select]) => [name, select.value])), ...(logarithmic.checked && { logarithmic: 1 }) });
    history.replaceState(null, "", `#explorer?${kept}`);
  };
  const restore = () => {
    if (!location.hash.startsWith("#explorer?")) return;
    const kept = new URLSearchParams(location.hash.slice("#explorer?".length));
    const take = (select, value) => { if ([...select.options].some((option) => option.value === value)) select.value = value; };
    take(choice.title, kept.get("title")); chooseTitle();
    take(choice.setting, kept.get("setting")); chooseSetting();
    take(choice.variable, kept.get("variable"));
    logarithmic.checked = kept.has("logarithmic");
    draw();
    document.getElementById("explorer").scrollIntoView();
  };

  const draw = () => {
    const entry = chosen();
    if (!entry) return; // not yet: the colours of the page have changed before the explorer was near the screen
    const k = Math.max(0, choice.variable.selectedIndex);
    const name = `${entry.title}-${entry.setting}`.replace(/[^A-Za-z0-9.=]+/g, "-");
    if (entry.density) { drawDensity(entry, k, name); drawAutocorrelation(entry, k, name); }
    else { part("density").hidden = part("autocorrelation").hidden = true; }
    if (entry.profile) drawProfile(entry.profile, name);
    else if (entry.field) drawField(entry.field, entry.variables || ["x", "y"], k, name);
    else part("score").hidden = true;
    if (entry.orbit) drawOrbit(entry.orbit, entry.variables, name);
    else part("orbit").hidden = true;
    // The number of pictures in a row may have changed since the first of them was drawn.
    PANELS.map(part).filter((panel) => !panel.hidden).forEach((panel) => Plotly.Plots.resize(panel));
    const lines = (entry.variables && entry.numbers[entry.variables[k]]) || [];
    part("numbers").replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  };
  const chooseSetting = () => { fill(choice.variable, (chosen() && chosen().variables) || ["–"]); draw(); };
  const chooseTitle = () => { fill(choice.setting, settings().map((entry) => entry.setting)); chooseSetting(); };

  PANELS.slice(0, 3).map(part).forEach(zoomByKeys);
  turnByKeys(part("orbit"));
  const chosenBy = (change) => () => { change(); keep(); };
  choice.title.addEventListener("change", chosenBy(chooseTitle));
  choice.setting.addEventListener("change", chosenBy(chooseSetting));
  choice.variable.addEventListener("change", chosenBy(draw));
  logarithmic.addEventListener("change", chosenBy(draw));
  dark.addEventListener("change", draw);
  fill(choice.title, [...new Set(entries.map((entry) => entry.title))]);
  const linked = location.hash.startsWith("#explorer?");
  if (linked) restore();
  else whenNear(document.getElementById("explorer"), chooseTitle);
})();
