// Tables that sort by their headings, pictures that can be saved and seen whole, and the navigation.
"use strict";
(() => {
  // The first number of a cell: "1.2·10⁻³ ± …" sorts as 0.0012, a dash comes last.
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const valueOf = (text) => {
    const found = text.replace(/,/g, "").replace(/−/g, "-").match(/\(?([+-]?\d+(?:\.\d+)?)(?:\s±\s[\d.]+\))?(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?/);
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
  for (const table of document.querySelectorAll("main table:not(.claims)")) {
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
    // A browser opens no page of embedded data, but one of a copy in its memory.
    const full = figure.querySelector("a.full");
    full.addEventListener("click", async (event) => {
      event.preventDefault();
      const copy = await (await fetch(image.src)).blob();
      window.open(URL.createObjectURL(copy), "_blank");
    });
    full.hidden = false;
  }

  // Beside the page the list of sections is always open, above it only when it is wanted.
  const list = document.querySelector("body > nav details");
  const wide = matchMedia("(min-width: 1100px)");
  const follow = () => { list.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
  list.addEventListener("click", (event) => { if (event.target.closest("a") && !wide.matches) list.open = false; });
  const links = new Map([...list.querySelectorAll("a")].map((link) => [link.getAttribute("href").slice(1), link]));
  const mark = (id) => {
    links.forEach((link) => link.removeAttribute("aria-current"));
    if (links.has(id)) links.get(id).setAttribute("aria-current", "true");
  };
  const watch = new IntersectionObserver((seen) => {
    const first = seen.find((item) => item.isIntersecting);
    if (first) mark(first.target.id);
  }, { rootMargin: "0px 0px -75% 0px" });
  document.querySelectorAll("main > section, main > header").forEach((section) => watch.observe(section));
})();
