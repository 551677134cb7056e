// Reads boxes and edges as JSON from standard input, lays them out with ELK, and prints where everything stands.
//
// In: {groups: [{id, padding, nodes: [{id, width, height}]}], nodes: [...], edges: [{id, source, target, width, height}],
// options: {...}, seeds}; an edge's width and height are its label's, and of the layouts with seeds 1 to `seeds` the
// narrowest is printed. Out: {boxes: {id: [x, y, width, height]}, edges: {id: {points: [[x, y], ...], label: [...]}}},
// all from the top left corner of the whole.
import { readFileSync } from "node:fs";
import process from "node:process";

// The bundle without a worker: it runs in this process. It is CommonJS, so the class is the default export.
import ELK from "elkjs/lib/elk.bundled.js";

const given = JSON.parse(readFileSync(0, "utf8"));

// Each box has spacing of its own: it inherits none.
const spacing = Object.fromEntries(Object.entries(given.options).filter(([name]) => name.includes(".spacing.")));

// The engine writes into what it is given, so that every try needs a graph of its own.
function graph(seed) {
  const labelOptions = { "elk.edgeLabels.inline": "true" };
  return structuredClone({
    id: "root",
    layoutOptions: { ...given.options, "elk.randomSeed": String(seed) },
    children: [
      ...given.groups.map(({ id, padding, nodes }) => ({
        id,
        layoutOptions: { ...spacing, "elk.padding": padding },
        children: nodes,
      })),
      ...given.nodes,
    ],
    edges: given.edges.map(({ id, source, target, width, height }) => ({
      id,
      sources: [source],
      targets: [target],
      labels: [{ text: id, width, height, layoutOptions: labelOptions }],
    })),
  });
}

let placed = null;
for (let seed = 1; seed <= given.seeds; seed += 1) {
  const tried = await new ELK().layout(graph(seed)).catch((error) => {
    process.stderr.write(`${error.message}\n`); // without the source line, which is the whole engine
    process.exit(1);
  });
  if (placed === null || tried.width < placed.width) placed = tried;
}

const boxes = {};
const origins = {};
const edges = {};

function walk(node, x, y) {
  origins[node.id] = [x, y];
  if (node.id !== "root") boxes[node.id] = [x, y, node.width, node.height];
  for (const child of node.children ?? []) walk(child, x + child.x, y + child.y);
}

// An edge's coordinates are relative to the smallest box that holds both of its ends.
function read(node) {
  for (const edge of node.edges ?? []) {
    const [x, y] = origins[edge.container];
    const [{ startPoint, bendPoints = [], endPoint }] = edge.sections;
    const [label] = edge.labels;
    edges[edge.id] = {
      points: [startPoint, ...bendPoints, endPoint].map((point) => [point.x + x, point.y + y]),
      label: [label.x + x, label.y + y, label.width, label.height],
    };
  }
  for (const child of node.children ?? []) read(child);
}

walk(placed, 0, 0);
read(placed);
process.stdout.write(JSON.stringify({ boxes, edges }));
