// Tables that sort by their headings, and pictures that can be saved.
"use strict";
(() => {
  // The first number of a cell: "1.2·10⁻³ ± …" sorts as 0.0012, a dash comes last.
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const valueOf = (text) => {
    const found = text.replace(/,/g, "").replace(/−/g, "-").match(/\(?([+-]?\d+(?:\.\d+)?)(?: ± [\d.]+\))?(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?/);
    if (!found) return NaN;
    const power = (found[2] || "").replace("⁻", "-").replace(/[⁰-⁹¹²³]/g, (digit) => digits.indexOf(digit));
    return Number(found[1]) * 10 ** Number(power || 0);
  };
  const compare = (a, b, numeric) => {
    if (!numeric) return a.localeCompare(b);
    const [x, y] = [valueOf(a), valueOf(b)];
    return Number.isNaN(x) - Number.isNaN(y) || x - y || 0;
  };
  const sort = (table, column, button) => {
    const heading = button.parentElement;
    const descending = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("thead th").forEach((cell) => cell.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
    const text = (row) => row.cells[column].textContent.trim();
    const numeric = rows.some((row) => /^[(+−-]*\d/.test(text(row)));
    rows.sort((a, b) => compare(text(a), text(b), numeric));
    if (descending) rows.reverse();
    body.prepend(...rows);
  };
  for (const table of document.querySelectorAll("main table")) {
    if (!table.tHead || table.tBodies[0].rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.append(...cell.childNodes);
      button.title = "Sort by this column";
      button.addEventListener("click", () => sort(table, column, button));
      cell.append(button);
    });
  }
  for (const figure of document.querySelectorAll("main figure")) {
    const image = figure.querySelector("img");
    const link = figure.querySelector("a.save");
    // The picture's data are in the page once; the link takes them from there when it is used.
    link.addEventListener("click", () => { link.href = image.src; });
    link.hidden = false;
  }
})();
