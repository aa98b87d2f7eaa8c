// What the explorers share: the look of their pictures, their choices, the zoom by keys.
"use strict";
const plots = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const fill = (select, labels) => {
    const before = select.value;
    select.replaceChildren(...labels.map((label) => new Option(label, label)));
    if (labels.includes(before)) select.value = before;
    select.disabled = labels.length < 2;
  };

  const axis = (title) => ({ title: { text: title }, exponentformat: "power", gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("quiet") });
  const layout = (title, x, y, more = {}) => ({
    title: { text: title, font: { size: 15 }, x: 0.02 },
    font: { family: "system-ui, sans-serif", size: 12, color: colour("text") },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 60, r: 12, t: 40, b: 48 }, height: 400,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("quiet"), activecolor: colour("link") },
    hovermode: "x unified", hoverlabel: { bgcolor: colour("back"), font: { color: colour("text") } },
    legend: { orientation: "h", y: -0.2, yanchor: "top" },
    xaxis: axis(x), yaxis: axis(y), ...more,
  });
  const show = (panel, traces, figure, name) => {
    panel.hidden = false;
    panel.setAttribute("aria-label", `${figure.title.text}: ${traces.map((trace) => trace.name).join(", ")}`);
    Plotly.react(panel, traces, figure, {
      responsive: true, displaylogo: false, scrollZoom: false,
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
      toImageButtonOptions: { format: "png", scale: 3, filename: name },
    });
  };

  // Plotly's zoom needs a mouse; a focused picture also answers to + − 0 and the arrows.
  const zoom = (panel, key) => {
    if (key === "0") return Plotly.relayout(panel, { "xaxis.autorange": true, "yaxis.autorange": true });
    const [low, high] = panel._fullLayout.xaxis.range.map(Number);
    const step = 0.1 * (high - low);
    const change = { "+": [step, -step], "=": [step, -step], "-": [-step, step], ArrowLeft: [-step, -step], ArrowRight: [step, step] }[key];
    return change && Plotly.relayout(panel, { "xaxis.range": [low + change[0], high + change[1]] });
  };
  const zoomByKeys = (panel) => panel.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && zoom(panel, event.key)) event.preventDefault();
  });
  // The same for pictures in space: the arrows turn both about the vertical axis.
  const turnByKeys = (panel) => panel.addEventListener("keydown", (event) => {
    const angle = { ArrowLeft: -0.15, ArrowRight: 0.15 }[event.key];
    if (!angle || !panel._fullLayout) return;
    const { x, y, z } = panel._fullLayout.scene.camera.eye;
    const eye = { x: x * Math.cos(angle) - y * Math.sin(angle), y: x * Math.sin(angle) + y * Math.cos(angle), z };
    Plotly.relayout(panel, { "scene.camera.eye": eye, "scene2.camera.eye": eye });
    event.preventDefault();
  });

  // Drawing waits until the place of the pictures comes near the screen.
  const whenNear = (place, draw) => {
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((item) => item.isIntersecting)) { watch.disconnect(); draw(); }
    }, { rootMargin: "600px" });
    watch.observe(place);
  };
  return { colour, dark, fill, layout, show, turnByKeys, whenNear, zoomByKeys };
})();
