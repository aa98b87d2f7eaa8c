// The explorer: a choice of experiment, setting and variable; density, autocorrelation and score of that choice.
"use strict";
(() => {
  const source = document.getElementById("explorer-data");
  if (!source) return;
  const entries = JSON.parse(source.textContent);
  const part = (name) => document.getElementById(`explorer-${name}`);
  const choice = { title: part("title"), setting: part("setting"), variable: part("variable") };
  const logarithmic = part("logarithmic");
  const { colour, dark, fill, layout, show, whenNear, zoomByKeys } = plots;

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
    const styles = { exact: "exact", "exact, smoothed": "quiet", "KGMM network": "fitted", "KGMM cells": "cells", "direct GMM score": "model" };
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
    show(part("score"), [trace], layout(`Score, component ${k + 1}, ${wanted}`, ...variables, { hovermode: "closest" }), `${name}-score`);
  };

  const draw = () => {
    const entry = chosen();
    const k = Math.max(0, choice.variable.selectedIndex);
    const name = `${entry.title}-${entry.setting}`.replace(/[^A-Za-z0-9.=]+/g, "-");
    if (entry.density) { drawDensity(entry, k, name); drawAutocorrelation(entry, k, name); }
    else { part("density").hidden = part("autocorrelation").hidden = true; }
    if (entry.profile) drawProfile(entry.profile, name);
    else if (entry.field) drawField(entry.field, entry.variables || ["x", "y"], k, name);
    else part("score").hidden = true;
    // The number of pictures in a row may have changed since the first of them was drawn.
    ["density", "autocorrelation", "score"].map(part).filter((panel) => !panel.hidden).forEach((panel) => Plotly.Plots.resize(panel));
    const lines = (entry.variables && entry.numbers[entry.variables[k]]) || [];
    part("numbers").replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  };
  const chooseSetting = () => { fill(choice.variable, (chosen() && chosen().variables) || ["–"]); draw(); };
  const chooseTitle = () => { fill(choice.setting, settings().map((entry) => entry.setting)); chooseSetting(); };

  ["density", "autocorrelation", "score"].map(part).forEach(zoomByKeys);
  choice.title.addEventListener("change", chooseTitle);
  choice.setting.addEventListener("change", chooseSetting);
  choice.variable.addEventListener("change", draw);
  logarithmic.addEventListener("change", draw);
  dark.addEventListener("change", draw);
  fill(choice.title, [...new Set(entries.map((entry) => entry.title))]);
  whenNear(document.getElementById("explorer"), chooseTitle);
})();
