// Runs: all trainings with their figures; one of them opened; two side by side.
const { h, ask, notice, percent, duration, sortable, curves, tiles } = window.sightline;

const root = element.querySelector(".runs");
const marked = new Set();
const top = h("div", { class: "list" });
const detail = h("section", { class: "detail", "aria-live": "polite" });
root.append(top, detail);
let runs = [];

async function load() {
  try {
    const found = await ask(server, "runs");
    runs = found.runs;
    showList(found.folder);
  } catch (error) {
    top.replaceChildren(notice(error.message));
  }
}

const WORDS = { finished: "", running: "running", trained: "not evaluated", stopped: "stopped", damaged: "damaged" };

function showList(folder) {
  const again = h("button", { type: "button", class: "small", onclick: load }, "Reload");
  if (!runs.length) {
    top.replaceChildren(h("div", { class: "card empty" }, h("h3", {}, "No runs yet"), h("p", { class: "quiet" }, `Start a training in the tab “Train”, or with “sightline train fashion-mnist”. Runs are looked for in ${folder}.`), h("div", { class: "row" }, again)));
    return;
  }
  const mark = (run) => h("input", { type: "checkbox", checked: marked.has(run.name), disabled: run.state !== "finished", "aria-label": `Compare ${run.name}`, onclick: (event) => {
    event.stopPropagation();
    if (event.target.checked) marked.add(run.name);
    else marked.delete(run.name);
    compare.disabled = marked.size !== 2;
  } });
  const open = (run) => h("button", { type: "button", class: "link", onclick: (event) => { event.stopPropagation(); show(run.name); } }, run.name);
  const columns = [
    { title: "", of: (run) => marked.has(run.name) ? 0 : 1, show: mark },
    { title: "Run", of: (run) => run.name, show: open },
    { title: "Data", of: (run) => run.data },
    { title: "Model", of: (run) => run.model },
    { title: "Accuracy", figure: true, of: (run) => run.accuracy, show: (run) => run.accuracy === null ? WORDS[run.state] : accuracy(run) },
    { title: "Loss", figure: true, of: (run) => run.loss, show: (run) => run.loss === null ? "" : run.loss.toFixed(3) },
    { title: "Epochs", figure: true, of: (run) => run.epochs, show: (run) => run.epochs === run.of_epochs ? run.epochs : `${run.epochs} of ${run.of_epochs ?? "?"}` },
    { title: "Parameters", figure: true, of: (run) => run.parameters, show: (run) => run.parameters === null ? "" : run.parameters.toLocaleString("en") },
    { title: "Time", figure: true, of: (run) => run.seconds, show: (run) => duration(run.seconds) },
    { title: "Begun", of: (run) => run.started, show: (run) => (run.started || "").slice(0, 16).replace("T", " ") },
  ];
  const compare = h("button", { type: "button", class: "small", disabled: marked.size !== 2, onclick: showComparison }, "Compare the two marked");
  top.replaceChildren(
    h("div", { class: "row between" }, h("h3", {}, runs.length === 1 ? "One run" : `${runs.length} runs`), h("span", { class: "row" }, compare, again)),
    sortable(columns, runs, { onrow: (run) => show(run.name), label: "Runs", first: 4, down: true }));
}

function accuracy({ accuracy: value, interval }) {
  const half = interval ? (100 * (interval[1] - interval[0])) / 2 : 0;
  return `${(100 * value).toFixed(half < 0.95 ? 2 : 1)} %${interval ? ` ± ${half.toFixed(half < 0.95 ? 2 : 1)}` : ""}`;
}

async function show(name) {
  detail.replaceChildren(notice(`Opening ${name}…`, "tell"));
  try {
    showRun(await ask(server, "run", { name }));
  } catch (error) {
    detail.replaceChildren(notice(error.message));
  }
  detail.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function showRun(run) {
  const { evaluation } = run;
  const report = run.report ? h("a", { class: "button", href: `runs/${encodeURIComponent(run.name)}/report`, target: "_blank", rel: "noopener" }, "Open the report") : null;
  const parts = [h("div", { class: "row between" }, h("h2", {}, run.name), report || "")];
  if (evaluation) {
    const interval = evaluation.accuracy_interval_95;
    parts.push(h("p", { class: "headline" }, h("span", { class: "large" }, accuracy({ accuracy: evaluation.accuracy, interval })), h("span", { class: "quiet" }, `of ${evaluation.pictures.toLocaleString("en")} ${evaluation.split} pictures right; ${run.model}, ${run.preset}, on ${run.data}, in ${duration(run.seconds)}`)));
    parts.push(h("p", {}, evaluation.finding));
  } else {
    parts.push(notice("This run has not been finished, so there are no results yet. “sightline train --resume” goes on with it.", "tell"));
  }
  parts.push(h("div", { class: "card" }, curves(run.history, { chosen: run.chosen_epoch })));
  if (evaluation) {
    parts.push(h("div", { class: "card" }, h("h3", {}, "Confusion matrix"), h("p", { class: "quiet" }, "True labels down, predictions across. Choose a cell to see its pictures."), matrix(run)));
    if (run.worst.length) parts.push(h("div", { class: "card" }, h("h3", {}, "The most confident mistakes"), tiles(run.worst, (one) => `${one.true} → ${one.predicted}, ${percent(one.confidence)}`)));
  }
  detail.replaceChildren(...parts);
}

function matrix(run) {
  const { confusion, classes } = run.evaluation;
  const names = classes.map((one) => one.name);
  const pictures = h("div", { class: "cell-pictures", "aria-live": "polite" });
  const cell = (row, column) => {
    const count = confusion[row][column];
    const total = confusion[row].reduce((sum, one) => sum + one, 0) || 1;
    const share = count / total;
    const right = row === column;
    const tint = right ? 0.16 * share : count ? 0.12 + 0.88 * Math.sqrt(share) : 0;
    const color = right ? `rgb(0 158 115 / ${tint})` : `rgb(213 94 0 / ${Math.min(1, tint)})`;
    const text = `${names[row]} taken for ${names[column]}: ${count}`;
    const button = h("button", { type: "button", title: text, "aria-label": text, disabled: !count, style: `background:${color}`, class: !right && share > 0.3 ? "strong" : "" , onclick: () => open(row, column, button) }, names.length > 20 ? "" : String(count));
    return h("td", {}, button);
  };
  const open = async (row, column, button) => {
    for (const each of grid.querySelectorAll(".chosen")) each.classList.remove("chosen");
    button.classList.add("chosen");
    const title = row === column ? `${names[row]}, read right` : `${names[row]} taken for ${names[column]}`;
    pictures.replaceChildren(h("h4", {}, title), h("p", { class: "quiet" }, "Looking them up…"));
    try {
      const found = await ask(server, "cell", { name: run.name, true: row, predicted: column });
      const more = confusion[row][column] - found.length;
      pictures.replaceChildren(h("h4", {}, title), tiles(found, (one) => `${percent(one.confidence)} · ${one.name}`), more > 0 ? h("p", { class: "quiet" }, `and ${more} more`) : "");
    } catch (error) {
      pictures.replaceChildren(h("h4", {}, title), notice(error.message));
    }
  };
  const grid = h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", {}, ""), ...names.map((name) => h("th", { scope: "col", class: "turned" }, h("span", {}, name))))),
    h("tbody", {}, ...names.map((name, row) => h("tr", {}, h("th", { scope: "row" }, name), ...names.map((_, column) => cell(row, column))))));
  return h("div", { class: "matrix-grid" }, h("div", { class: "scroll" }, grid), pictures);
}

async function showComparison() {
  const [first, second] = [...marked];
  detail.replaceChildren(notice(`Comparing ${first} with ${second}…`, "tell"));
  try {
    const found = await ask(server, "compare", { first, second });
    const signed = (value) => `${value < 0 ? "−" : "+"}${(100 * Math.abs(value)).toFixed(1)}`;
    const columns = [
      { title: "Class", of: (one) => one.name },
      { title: first, figure: true, of: (one) => one.first, show: (one) => percent(one.first) },
      { title: second, figure: true, of: (one) => one.second, show: (one) => percent(one.second) },
      { title: "Change", figure: true, of: (one) => one.second - one.first, show: (one) => signed(one.second - one.first) },
    ];
    detail.replaceChildren(h("h2", {}, `${first} and ${second}`), h("p", {}, `${found.finding}.`),
      h("p", { class: "quiet" }, `Of ${found.pictures.toLocaleString("en")} pictures only ${first} reads ${found.only_first} right, only ${second} ${found.only_second}; both are wrong on ${found.both_wrong}. Paired test (McNemar): p ${found.chance}.`),
      h("div", { class: "card" }, h("h3", {}, "Right of each class"), sortable(columns, found.classes, { label: "Recall by class", first: 3 })));
  } catch (error) {
    detail.replaceChildren(notice(error.message));
  }
}

load();
