// Lab: a picture, a step after the other, and the picture after each.
const { h, ask, latest, notice, prose, base64, image, size, picker, save, copyable, droppable } = window.sightline;

const root = element.querySelector(".lab");
const soon = latest(90);
let operations = new Map();
let state = { picture: null, steps: [] }; // steps: {id, op, on, parameters}
let past = [];
let counter = 0;
const SHOWN = 4; // settings of a step that are seen at once
const cards = new Map();

const message = h("div", { "aria-live": "polite" });
const source = h("section", { class: "card source" });
const list = h("ol", { class: "steps" });
const palette = h("dialog", { class: "sightline palette", "aria-label": "Add a step" });
const add = h("button", { type: "button", onclick: openPalette }, "+ Add a step");
const undo = h("button", { type: "button", disabled: true, onclick: goBack }, "↶ Undo");
const tools = h("div", { class: "row tools" }, add, undo);
const outcome = h("section", { class: "outcome" });
root.append(h("div", { class: "lab-grid" }, h("div", { class: "chain" }, source, list, message, tools, palette), outcome));

function remember() {
  past.push(structuredClone({ picture: state.picture, steps: state.steps }));
  if (past.length > 100) past.shift();
  undo.disabled = false;
}

function goBack() {
  const before = past.pop();
  if (!before) return;
  state = before;
  undo.disabled = past.length === 0;
  for (const id of [...cards.keys()]) cards.delete(id);
  showSource();
  showSteps();
  run();
}

function makes() {
  const first = state.steps.find((step) => step.on);
  return first && operations.get(first.op).role === "create";
}

// ---- the picture

async function take(question) {
  message.replaceChildren();
  source.classList.add("busy");
  try {
    const kept = await (question ? ask(server, "keep", question) : ask(server, "sample"));
    remember();
    state.picture = kept;
    state.steps = state.steps.filter((step) => operations.get(step.op).role !== "create");
    showSource();
    showSteps();
    run();
  } catch (error) {
    message.replaceChildren(notice(error.message));
  }
  source.classList.remove("busy");
}

async function takeFile(file) {
  await take({ picture: await base64(file) });
}

function showSource() {
  add.classList.toggle("primary", Boolean(state.picture || state.steps.length)); // one thing to do first at a time
  const open = picker({ label: "PNG, JPEG, TIFF, WebP and others", quiet: Boolean(state.picture), onpicture: takeFile, sample: () => take(null) });
  if (makes()) {
    source.hidden = true;
    return;
  }
  source.hidden = false;
  if (!state.picture) {
    const hint = h("p", {}, "Take a picture and change it step by step. Everything shows at once what it does, and leaves with you as a picture, a file, a line for the shell or Python.");
    source.replaceChildren(h("h3", {}, "Begin with a picture"), hint, open, h("p", { class: "quiet" }, "Or begin with a step that makes one: “Add a step”, group create."));
  } else {
    const { source: address, width, height } = state.picture;
    source.replaceChildren(
      h("div", { class: "controls" }, h("h3", {}, "Picture"), h("p", { class: "quiet" }, size(state.picture)), open),
      h("figure", { class: "stage" }, image(address, width, height, "The picture as it came")));
  }
}

// ---- the steps

function change(work) {
  remember();
  work();
  showSource();
  showSteps();
  run();
}

function showSteps() {
  for (const [id, card] of cards) {
    if (!state.steps.some((step) => step.id === id)) cards.delete(id);
  }
  list.replaceChildren(...state.steps.map((step, index) => {
    if (!cards.has(step.id)) cards.set(step.id, makeCard(step));
    const card = cards.get(step.id);
    card.classList.toggle("off", !step.on);
    card.querySelector(".number").textContent = index + 1;
    card.querySelector(".up").disabled = index === 0;
    card.querySelector(".down").disabled = index === state.steps.length - 1;
    card.querySelector(".switch").checked = step.on;
    return card;
  }));
}

function find(id) {
  return state.steps.findIndex((step) => step.id === id);
}

function move(id, by) {
  change(() => {
    const from = find(id);
    state.steps.splice(from + by, 0, ...state.steps.splice(from, 1));
  });
}

function makeCard({ id, op }) {
  const operation = operations.get(op);
  const title = op.replaceAll("_", " ");
  const button = (name, sign, label, work) => h("button", { type: "button", class: `icon ${name}`, "aria-label": `${label} ${title}`, title: label, onclick: work }, sign);
  const flip = (event) => change(() => { state.steps[find(id)].on = event.target.checked; });
  const head = h("header", { class: "row between" },
    h("h3", {}, h("span", { class: "number" }), title),
    h("span", { class: "row" },
      h("label", { class: "toggle", title: "On or off" }, h("input", { type: "checkbox", class: "switch", "aria-label": `${title} is on`, onchange: flip })),
      button("up", "↑", "Move up", () => move(id, -1)),
      button("down", "↓", "Move down", () => move(id, 1)),
      button("remove", "✕", "Remove", () => change(() => state.steps.splice(find(id), 1)))));
  const fields = operation.parameters.map((parameter) => makeField(id, parameter));
  const summary = h("p", { class: "quiet" }, prose(operation.summary));
  const few = fields.length > SHOWN + 1 ? fields.slice(0, SHOWN) : fields;
  const rest = fields.slice(few.length);
  const more = rest.length ? h("details", {}, h("summary", {}, `${rest.length} more settings`), ...rest) : null;
  return h("li", { class: "card step", "data-op": op },
    h("div", { class: "controls" }, head, summary, ...few, more, h("div", { class: "problem", "aria-live": "polite" })),
    h("figure", { class: "stage" }));
}

function setValue(id, name, value, quiet) {
  const step = state.steps[find(id)];
  if (!quiet) remember();
  step.parameters[name] = value;
  run();
}

// The control that a parameter's type gives.
function makeField(id, parameter) {
  const { name, type, text, unit, lower, upper, choices } = parameter;
  const value = state.steps[find(id)].parameters[name];
  const label = `${name.replaceAll("_", " ")}${unit ? ` (${unit})` : ""}`;
  const identity = `step-${id}-${name}`;
  const set = (next, quiet) => setValue(id, name, next, quiet);
  let control;
  if (choices.length) {
    const pick = (event) => set(choices[Number(event.target.value)]);
    control = h("select", { id: identity, onchange: pick }, ...choices.map((choice, index) => h("option", { value: String(index), selected: choice === value }, String(choice))));
  } else if (type === "bool") {
    control = h("input", { type: "checkbox", id: identity, checked: Boolean(value), onchange: (event) => set(event.target.checked) });
  } else if ((type === "int" || type === "float") && lower !== null && upper !== null && parameter.default !== null) {
    control = makeSlider(identity, parameter, value, set);
  } else if (type === "int" || type === "float") {
    control = h("input", { type: "number", id: identity, min: lower, max: upper, step: type === "int" ? 1 : "any", value: value ?? "", placeholder: parameter.required ? "" : "automatic", onchange: (event) => set(event.target.value === "" ? null : Number(event.target.value)) });
  } else if (type === "color") {
    control = makeColor(identity, parameter, value, set);
  } else if (type.startsWith("picture")) {
    control = makePicture(identity, type, set);
  } else {
    control = h("input", { type: "text", id: identity, value: spelled(value, type), onchange: (event) => set(parsed(event.target.value, type)) });
  }
  return h("div", { class: "field" }, h("label", { for: identity, title: text }, label), control, text ? h("p", { class: "hint" }, prose(text)) : null);
}

function spelled(value, type) {
  if (value === null || value === undefined) return "";
  if (type === "points" && Array.isArray(value)) return value.map((point) => point.join(",")).join(" ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parsed(text, type) {
  if (text === "") return null;
  if (type === "points" || type === "str") return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

// Far ranges are spread so that the usual values are not all at the left end.
function makeSlider(identity, { type, default: usual, lower, upper }, value, set) {
  const whole = type === "int";
  const start = typeof usual === "number" ? usual : lower;
  const power = upper - lower > 40 * Math.max(start - lower, whole ? 1 : 0.01 * (upper - lower)) ? 3 : 1;
  const steps = whole ? Math.min(upper - lower, 1000) : 1000;
  const tidy = (number) => (whole ? Math.round(number) : Number(number.toPrecision(3)));
  const toValue = (place) => Math.min(upper, Math.max(lower, tidy(lower + (upper - lower) * (place / steps) ** power)));
  const toPlace = (number) => steps * ((number - lower) / (upper - lower)) ** (1 / power);
  const range = h("input", { type: "range", id: identity, min: 0, max: steps, step: power === 1 && whole && steps === upper - lower ? 1 : "any", value: toPlace(value ?? start) });
  const number = h("input", { type: "number", min: lower, max: upper, step: whole ? 1 : "any", value: value ?? start, "aria-label": "as a number" });
  let dragging = false;
  range.addEventListener("input", () => {
    number.value = toValue(Number(range.value));
    set(Number(number.value), dragging);
    dragging = true;
  });
  range.addEventListener("change", () => { dragging = false; });
  number.addEventListener("change", () => {
    range.value = toPlace(Number(number.value));
    set(Number(number.value));
  });
  return h("span", { class: "slider" }, range, number);
}

function makeColor(identity, parameter, value, set) {
  const input = h("input", { type: "color", id: identity, value: (value || "#000000").slice(0, 7), class: value ? "" : "unset" });
  input.addEventListener("change", () => {
    input.classList.remove("unset");
    set(input.value);
  });
  if (parameter.required || parameter.default !== null) return input;
  const none = () => {
    input.classList.add("unset");
    set(null);
  };
  return h("span", { class: "row" }, input, h("button", { type: "button", class: "small", onclick: none }, "None"));
}

// A second picture; or a number, where one will do.
function makePicture(identity, type, set) {
  const shown = h("span", { class: "second" });
  const take = async (file) => {
    try {
      const kept = await (file ? ask(server, "keep", { picture: await base64(file) }) : ask(server, "sample"));
      shown.replaceChildren(h("img", { src: kept.source, alt: "The second picture" }));
      set({ kept: kept.key });
    } catch (error) {
      shown.replaceChildren(notice(error.message));
    }
  };
  const input = h("input", { type: "file", id: identity, accept: "image/*", onchange: (event) => event.target.files.length && take(event.target.files[0]) });
  const number = type.includes("number") ? h("input", { type: "number", step: "any", placeholder: "or a number", "aria-label": "or a number", onchange: (event) => set(Number(event.target.value)) }) : null;
  return h("span", { class: "stack" }, input, h("button", { type: "button", class: "small", onclick: () => take(null) }, "Take the sample"), number, shown);
}

// ---- adding a step

function openPalette() {
  const search = h("input", { type: "search", placeholder: "What shall be done? blur, edges, rotate…", "aria-label": "Search the operations" });
  const found = h("div", { class: "found" });
  const fill = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const open = [...operations.values()].filter((operation) => operation.role !== "create" || !(state.picture || state.steps.length));
    if (words.length) {
      const ranked = open.map((operation) => [rank(operation, words), operation]).filter(([place]) => place < 3);
      ranked.sort(([one], [other]) => one - other);
      found.replaceChildren(h("section", {}, ...ranked.map(([, operation]) => entry(operation))));
      if (!ranked.length) found.replaceChildren(h("p", { class: "quiet" }, "Nothing is called that. Try another word."));
    } else {
      const groups = new Map();
      for (const operation of open) groups.set(operation.group, [...(groups.get(operation.group) || []), operation]);
      found.replaceChildren(...[...groups].map(([group, members]) => h("section", {}, h("h4", {}, group), ...members.map(entry))));
    }
  };
  const entry = (operation) => h("button", { type: "button", class: "entry", "data-op": operation.name, onclick: () => addStep(operation) },
    h("strong", {}, operation.name.replaceAll("_", " ")), h("span", {}, operation.summary));
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // or the button that gets the focus back would be pressed by it
    if (found.querySelector(".entry")) found.querySelector(".entry").click();
  });
  palette.replaceChildren(h("div", { class: "row top" }, search, h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => palette.close() }, "✕")), found);
  fill();
  palette.showModal();
  search.focus();
}

// How well an operation fits what is searched for: 0 its name begins so, 1 its name holds it, 2 its text does, 3 not at all.
function rank({ name, group, summary }, words) {
  const title = name.replaceAll("_", " ");
  if (title.startsWith(words.join(" "))) return 0;
  if (words.every((word) => title.includes(word))) return 1;
  return words.every((word) => `${title} ${group} ${summary}`.toLowerCase().includes(word)) ? 2 : 3;
}

function addStep(operation) {
  palette.close();
  const parameters = {};
  for (const { name, default: usual, required } of operation.parameters) {
    const shownBy = operation.example[name];
    parameters[name] = required && shownBy !== undefined ? shownBy : structuredClone(usual);
  }
  change(() => state.steps.push({ id: ++counter, op: operation.name, on: true, parameters }));
}

// ---- what comes of it

function asked() {
  const given = (step) => Object.fromEntries(Object.entries(step.parameters).filter(([, value]) => value !== null));
  return state.steps.filter((step) => step.on).map((step) => ({ [step.op]: given(step) }));
}

function run() {
  if (!state.picture && !makes()) {
    outcome.replaceChildren();
    return;
  }
  const steps = asked();
  const picture = makes() ? null : state.picture.key;
  list.classList.add("busy");
  soon(() => ask(server, "apply", { picture, steps }), (answer) => show(answer, picture), (error) => {
    list.classList.remove("busy");
    message.replaceChildren(notice(error.message));
  });
}

function show({ stages, spelled, error }, picture) {
  list.classList.remove("busy");
  message.replaceChildren();
  const on = state.steps.filter((step) => step.on);
  const results = picture ? stages.slice(1) : stages;
  const failed = error ? Number((/^step (\d+)/.exec(error) || [0, results.length + 1])[1]) : 0;
  for (const step of state.steps) {
    const card = cards.get(step.id);
    const index = on.indexOf(step);
    const stage = results[index];
    card.querySelector(".problem").replaceChildren(...(error && index + 1 === failed ? [notice(error)] : []));
    if (stage) {
      card.querySelector(".stage").replaceChildren(image(stage.source, stage.width, stage.height, `After ${step.op.replaceAll("_", " ")}`), h("figcaption", { class: "quiet" }, size(stage)), ...(stage.measured ? [copyable("What was measured", stage.measured)] : []));
    } else {
      card.querySelector(".stage").replaceChildren(h("p", { class: "quiet empty" }, step.on ? "No picture yet" : "Off: the picture passes unchanged"));
    }
  }
  if (error && (failed < 1 || failed > on.length)) message.replaceChildren(notice(error));
  showOutcome(stages, spelled, error, picture);
}

function showOutcome(stages, spelled, error, picture) {
  const last = stages[stages.length - 1];
  if (!last) {
    outcome.replaceChildren();
    return;
  }
  const parts = [h("h3", {}, "Result"), h("figure", { class: "stage large" }, image(last.source, last.width, last.height, "The result", 420), h("figcaption", { class: "quiet" }, size(last)))];
  if (!error) {
    const button = h("button", { type: "button", class: "primary", onclick: () => download(button, picture, spelled.yaml, last.dtype) }, "Download the picture");
    parts.push(h("div", { class: "row" }, button));
    parts.push(copyable("In the shell", spelled.shell), copyable("In Python", spelled.python),
      copyable("As a file", spelled.yaml.length > 4000 ? `${spelled.yaml.slice(0, 4000)}…` : spelled.yaml,
        h("button", { type: "button", class: "small", onclick: () => save("pipeline.yaml", spelled.yaml, "application/yaml") }, "Download pipeline.yaml")));
  }
  outcome.replaceChildren(...parts);
}

async function download(button, picture, yaml, dtype) {
  const format = dtype === "float32" ? "tiff" : "png"; // PNG holds 16 bits at most
  button.disabled = true;
  try {
    const { data } = await ask(server, "result", { picture, pipeline: yaml, format });
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    save(`result.${format}`, new Blob([bytes], { type: `image/${format}` }));
  } catch (error) {
    message.replaceChildren(notice(error.message));
  }
  button.disabled = false;
}

droppable(root, takeFile);
root.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) takeFile(file);
});
ask(server, "operations").then((found) => {
  operations = new Map(found.map((operation) => [operation.name, operation]));
  showSource();
}, (error) => message.replaceChildren(notice(error.message)));
