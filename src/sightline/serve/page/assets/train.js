// Train: choose data and network, start, watch the curves, stop. One at a time; the others wait.
const { h, ask, notice, base64, duration, curves, percent, copyable } = window.sightline;

const root = element.querySelector(".train");
const form = h("form", { class: "card" });
const status = h("div", { "aria-live": "polite" });
const list = h("section", { class: "trainings" });
root.append(h("div", { class: "train-grid" }, h("div", { class: "stack wide" }, form, status), list));
const shown = new Map();
let timer = null;

const STATES = { waiting: "waits for its turn", starting: "is starting", running: "is running", done: "is done", stopped: "was stopped", failed: "has failed" };
const PRESETS = { tuned: "tuned: the usual, accurate", fast: "fast: good in a few epochs", plain: "plain: like a first Keras script" };

function option(value, text) {
  return h("option", { value }, text);
}

async function fill(chosen) {
  const { data, weights, models, presets } = await ask(server, "choices");
  const pick = h("select", { name: "data", id: "train-data" }, ...data.map(({ key, title }) => option(key, title)));
  if (chosen) pick.value = chosen;
  const model = h("select", { name: "model", id: "train-model" }, ...models.map(({ name }) => option(name, name)));
  const about = h("p", { class: "hint" });
  const say = () => { about.textContent = models.find(({ name }) => name === model.value).summary; };
  model.addEventListener("change", say);
  model.value = "cnn3";
  say();
  const begin = h("select", { name: "weights", id: "train-weights" }, option("", "random weights"), ...weights.map(({ name }) => option(name, `the model ${name}`)));
  const preset = h("select", { name: "preset", id: "train-preset" }, ...presets.map(({ name }) => option(name, PRESETS[name] || name)));
  begin.addEventListener("change", () => {
    const known = weights.find(({ name }) => name === begin.value);
    model.disabled = preset.disabled = Boolean(known);
    if (known) about.textContent = `It has the network of ${known.name}, ${known.model}, and is fine-tuned.`;
    else say();
  });
  const file = h("input", { type: "file", accept: ".zip,application/zip", class: "hidden-input", "aria-label": "ZIP of class folders", onchange: () => file.files.length && upload(file.files[0]) });
  const field = (label, target, control, hint) => h("div", { class: "field" }, h("label", { for: target }, label), control, hint || null);
  form.replaceChildren(
    h("h3", {}, "A new training"),
    field("Data", "train-data", pick),
    h("div", { class: "row" }, file, h("button", { type: "button", class: "small", onclick: () => file.click() }, "Upload a ZIP of class folders")),
    h("p", { class: "hint" }, "One folder for each class, named as the class, with its pictures in it."),
    field("Begin with", "train-weights", begin),
    field("Network", "train-model", model, about),
    field("Recipe", "train-preset", preset),
    field("Epochs", "train-epochs", h("input", { type: "number", name: "epochs", id: "train-epochs", min: 1, max: 1000, value: 10 }), h("p", { class: "hint" }, "Times through all pictures. More take longer and learn more, up to a point.")),
    field("Name", "train-name", h("input", { type: "text", name: "name", id: "train-name", maxlength: 100, placeholder: "by itself", autocomplete: "off" })),
    h("button", { type: "submit", class: "primary" }, "Start the training"));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const button = form.querySelector(".primary");
  button.disabled = true;
  try {
    await ask(server, "start", { data: given.get("data"), ...(given.get("weights") ? { weights: given.get("weights") } : { model: given.get("model"), preset: given.get("preset") }), epochs: Number(given.get("epochs")), name: given.get("name") || null });
    status.replaceChildren();
    await look();
  } catch (error) {
    status.replaceChildren(notice(error.message));
  }
  button.disabled = false;
});

async function upload(file) {
  status.replaceChildren(notice(`Sending ${file.name}…`, "tell"));
  try {
    const name = file.name.replace(/\.zip$/i, "").replace(/[^A-Za-z0-9 _.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 60) || "upload";
    const found = await ask(server, "upload", { name, archive: await base64(file) });
    const left = Object.values(found.ignored).reduce((sum, one) => sum + one, 0);
    await fill(found.key);
    status.replaceChildren(notice(`${found.pictures.toLocaleString("en")} pictures are here${left ? `; ${left} other files were left out` : ""}.`, "good"));
  } catch (error) {
    status.replaceChildren(notice(error.message));
  }
}

async function look() {
  clearTimeout(timer);
  try {
    const trainings = await ask(server, "trainings");
    show(trainings);
    const busy = trainings.some(({ state }) => ["waiting", "starting", "running"].includes(state));
    if (root.isConnected) timer = setTimeout(look, busy ? 1000 : 8000);
  } catch (error) {
    list.replaceChildren(notice(error.message));
    timer = setTimeout(look, 8000);
  }
}

function show(trainings) {
  if (!trainings.length) {
    list.replaceChildren(h("div", { class: "card" }, h("h3", {}, "Nothing was trained here yet"), h("p", { class: "quiet" }, "“Digits” with 10 epochs is done in a minute and shows how it goes: choose it and start. A training goes on when this page is closed, and is found again.")));
    return;
  }
  for (const one of trainings) {
    const told = JSON.stringify(one);
    if (shown.get(one.number)?.told === told) continue;
    const card = makeCard(one);
    shown.get(one.number)?.card.replaceWith(card);
    shown.set(one.number, { told, card });
  }
  const cards = trainings.map(({ number }) => shown.get(number).card);
  if (cards.length !== list.children.length || cards.some((card, index) => list.children[index] !== card)) list.replaceChildren(...cards);
}

function makeCard({ number, name, data, model, preset, epochs, state, message, progress, history }) {
  const active = ["waiting", "starting", "running"].includes(state);
  const stop = active && state !== "starting" ? h("button", { type: "button", class: "small", onclick: async (event) => {
    event.target.disabled = true;
    try {
      await ask(server, "stop", { number });
      await look();
    } catch (error) {
      status.replaceChildren(notice(error.message));
    }
  } }, state === "waiting" ? "Do not start" : "Stop") : "";
  const done = progress.share ?? (history.length ? history.length / epochs : 0);
  const bar = h("progress", { max: 1, value: state === "done" ? 1 : done, "aria-label": "Progress" });
  const last = history[history.length - 1];
  const facts = [];
  if (state === "running" && progress.what) facts.push(`${progress.what}`);
  else if (state === "running" && progress.epoch) facts.push(`epoch ${progress.epoch} of ${epochs}`);
  if (last && Number.isFinite(last.val_accuracy)) facts.push(`validation ${percent(last.val_accuracy)}`);
  if (active && progress.left) facts.push(`${duration(progress.left)} left`);
  const words = state === "running" && !history.length ? message : active || state === "done" ? "" : message;
  return h("article", { class: `card training ${state}`, "data-name": name, "data-state": state },
    h("div", { class: "row between" }, h("h3", {}, `${name} `, h("span", { class: "quiet" }, STATES[state])), stop),
    h("p", { class: "quiet" }, `${data}, ${model}, ${preset}, ${epochs === 1 ? "one epoch" : `${epochs} epochs`}`),
    active && state !== "waiting" ? bar : null,
    facts.length ? h("p", { class: "figures" }, facts.join(" · ")) : null,
    words ? (state === "failed" ? notice(words) : h("p", { class: "quiet" }, words)) : null,
    history.length ? curves(history, { epochs }) : null,
    state === "done" ? h("p", { class: "quiet" }, "Its report is in the tab “Runs”.") : null);
}

fill().catch((error) => status.replaceChildren(notice(error.message)));
look();
