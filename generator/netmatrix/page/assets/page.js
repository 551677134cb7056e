"use strict";
// The page says everything without this script. With it, it can be narrowed to one pod, and a cell opens in place.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const nodes = all("#pods [data-node]").map(({dataset}) => ({
  anchor: dataset.node,
  name: dataset.name.toLowerCase(),
  words: `${dataset.name} ${dataset.title}`.toLowerCase(),
}));

const anchors = new Map(all("#pods [data-node]").map(({dataset}) => [dataset.name, dataset.node]));

function chosen(text) {
  // The node of exactly that name; else all whose name or title holds the text.
  const wanted = text.trim().toLowerCase();
  const named = nodes.filter(({name}) => name === wanted);
  const found = named.length ? named : nodes.filter(({words}) => words.includes(wanted));
  return new Set(found.map(({anchor}) => anchor));
}

function concerns({source, destination}, wanted, direction) {
  return (direction !== "in" && wanted.has(source)) || (direction !== "out" && wanted.has(destination));
}

const filter = one("#filter");
const wantedText = one("#filter-text");
const wantedDirection = one("#filter-direction");

function applyFilter() {
  const everything = wantedText.value.trim() === "";
  const wanted = chosen(wantedText.value);
  const direction = wantedDirection.value;
  const shown = (item) => everything || concerns(item.dataset, wanted, direction);
  const connections = all("#connections > details");
  for (const item of connections) item.hidden = !shown(item);
  for (const node of all("#pods [data-node]")) node.hidden = !everything && !wanted.has(node.dataset.node);
  for (const item of all("#pods li[data-source]")) item.hidden = !shown(item);
  narrowGrid(shown, everything, wanted);
  dimGraph(shown, everything, wanted);
  const count = connections.filter((item) => !item.hidden).length;
  one("#filter-status").textContent = everything
    ? `All ${connections.length} connections`
    : `${count} of ${connections.length} connections`;
}

function showAll() {
  wantedText.value = "";
  wantedDirection.value = "both";
  applyFilter();
}

function narrowGrid(shown, everything, wanted) {
  const table = one("table.grid");
  const [head, ...rows] = table.rows;
  const columns = new Set();
  for (const row of rows) {
    let any = false;
    for (const link of all("td > a", row)) {
      const visible = shown(link);
      link.hidden = !visible;
      if (visible) {
        any = true;
        columns.add(link.parentElement.cellIndex);
      }
    }
    row.hidden = !everything && !any && !names(row.cells[0], wanted);
  }
  for (let index = 1; index < head.cells.length; index += 1) {
    const gone = !everything && !columns.has(index) && !names(head.cells[index], wanted);
    for (const row of table.rows) row.cells[index].hidden = gone;
  }
}

function names(heading, wanted) {
  return wanted.has(one("a", heading).hash.slice("#node-".length));
}

function dimGraph(shown, everything, wanted) {
  // The picture calls everybody by name.
  const graph = one("#graph");
  if (!graph) return;
  const near = new Set(wanted);
  for (const flow of all("[data-source][data-destination]", graph)) {
    const [source, destination] = [anchors.get(flow.dataset.source), anchors.get(flow.dataset.destination)];
    const visible = shown({dataset: {source, destination}});
    flow.classList.toggle("dim", !visible);
    if (visible) near.add(source).add(destination);
  }
  for (const box of all("[data-pod], [data-endpoint]", graph)) {
    const anchor = anchors.get(box.dataset.pod ?? box.dataset.endpoint);
    box.classList.toggle("dim", !everything && !near.has(anchor));
  }
}

function openTarget() {
  // A link to a connection shows it: not folded, and not filtered out.
  const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  if (target.closest("[hidden]")) showAll();
  if (target.matches("details")) {
    target.open = true;
    one("summary", target).focus({preventScroll: true});
  }
  target.scrollIntoView();
}

const dialog = one("#cell");

function openCell(event) {
  const link = event.target.closest("td > a");
  const details = link && document.getElementById(link.hash.slice(1));
  if (!details?.matches("details") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const [summary, ...rest] = details.children;
  one("#cell-title").replaceChildren(...[...summary.childNodes].map((node) => node.cloneNode(true)));
  one("#cell-contents").replaceChildren(...rest.map((node) => node.cloneNode(true)));
  one("#cell-link").hash = link.hash;
  dialog.showModal();
  one("#cell-title").focus();
}

let folded = [];
addEventListener("beforeprint", () => {
  folded = all("details:not([open])");
  for (const item of folded) item.open = true;
});
addEventListener("afterprint", () => {
  for (const item of folded) item.open = false;
});

filter.hidden = false;
filter.addEventListener("input", applyFilter);
filter.addEventListener("submit", (event) => event.preventDefault());
one("#filter-all").addEventListener("click", showAll);
one("table.grid").addEventListener("click", openCell);
one("#cell-link").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
addEventListener("hashchange", openTarget);
applyFilter();
openTarget();
