// Draw & classify: from left to right as in the name of the tool: picture, steps, answer.
const { h, ask, latest, notice, base64, image, picker, bars, droppable, percent, copyable } = window.sightline;

const SIDE = 280;
const root = element.querySelector(".draw");
const soon = latest();
const soonWhere = latest();
let models = [];
let strokes = [];
let picture = null; // what was kept last: its key and how it looks
let drawn = true; // whether that is the pad's

const select = h("select", { "aria-label": "Model", onchange: () => { tell(); look(); } });
const pad = h("canvas", { width: SIDE, height: SIDE, class: "pad", tabindex: "0", role: "img", "aria-label": "Drawing pad: draw with mouse, pen or finger" });
const shownPicture = h("figure", { class: "stage", hidden: true });
const thickness = h("input", { type: "range", min: 8, max: 36, value: 20, "aria-label": "Thickness of the pen" });
const thick = h("label", { class: "row thick" }, h("span", { class: "quiet" }, "Pen"), thickness);
const clearButton = h("button", { type: "button", onclick: clear }, "Clear");
const undoButton = h("button", { type: "button", onclick: undo }, "↶ Undo");
const about = h("p", { class: "quiet" });
const steps = h("section", { class: "card seen", "aria-live": "off" });
const answer = h("section", { class: "card answer", "aria-live": "polite" });
const own = h("div", { class: "own" });

root.append(h("div", { class: "draw-grid" },
  h("section", { class: "card given" },
    h("label", { class: "field" }, h("span", {}, "Model"), select), about,
    pad, shownPicture,
    h("div", { class: "row tools" }, clearButton, undoButton, thick),
    own),
  steps, answer));

// ---- the pad

const pen = pad.getContext("2d", { willReadFrequently: true });

function paint() {
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = pen.fillStyle = "#1b1f24";
  for (const { points, width } of strokes) {
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(points[0][0], points[0][1]);
    for (const [x, y] of points) pen.lineTo(x + 0.01, y);
    pen.stroke();
  }
  undoButton.disabled = clearButton.disabled = !strokes.length && drawn;
}

function place(event) {
  const box = pad.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
}

pad.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  pad.setPointerCapture(event.pointerId);
  strokes.push({ points: [place(event)], width: Number(thickness.value) });
  paint();
});
pad.addEventListener("pointermove", (event) => {
  if (!pad.hasPointerCapture(event.pointerId)) return;
  strokes[strokes.length - 1].points.push(place(event));
  paint();
});
for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, lift);

async function lift() {
  if (!strokes.length) return;
  const blob = await new Promise((resolve) => pad.toBlob(resolve, "image/png"));
  take(blob, true);
}

function clear() {
  strokes = [];
  picture = null;
  drawn = true;
  showGiven();
  paint();
  empty();
}

function undo() {
  strokes.pop();
  paint();
  if (strokes.length) lift();
  else clear();
}

// ---- the picture

async function take(file, fromPad = false) {
  await keep(async () => ask(server, "keep", { picture: await base64(file) }), fromPad);
}

async function keep(work, fromPad) {
  try {
    picture = await work();
    drawn = fromPad;
    if (!fromPad) strokes = [];
    showGiven();
    paint();
    look();
  } catch (error) {
    answer.replaceChildren(notice(error.message));
  }
}

function showGiven() {
  pad.hidden = !drawn;
  shownPicture.hidden = drawn;
  undoButton.hidden = thick.hidden = !drawn;
  clearButton.textContent = drawn ? "Clear" : "Draw again";
  if (!drawn) shownPicture.replaceChildren(image(picture.source, picture.width, picture.height, "The picture as it came"));
}

// ---- the answer

function tell() {
  const model = models.find(({ name }) => name === select.value);
  const known = model.labels.length > 12 ? `${model.labels.slice(0, 12).join(", ")} and ${model.labels.length - 12} more` : model.labels.join(", ");
  about.textContent = model.reads_signs ? `It knows ${known}. Draw one.` : `It knows ${known}. Drop a picture of one, or draw it.`;
}

function empty() {
  steps.replaceChildren(h("h3", {}, "What the model sees"), h("p", { class: "quiet" }, "The steps that bring your picture to the form in which the model learnt."));
  answer.replaceChildren(h("h3", {}, "Answer"), h("p", { class: "quiet" }, "Draw a digit, or take a picture: the answer comes as soon as you lift the pen."));
}

function look() {
  if (!picture) {
    empty();
    return;
  }
  const question = { model: select.value, picture: picture.key };
  answer.classList.add("busy");
  soon(() => ask(server, "look", question), (found) => {
    answer.classList.remove("busy");
    showSteps(found.stages);
    showAnswer(found, question);
  }, (error) => {
    answer.classList.remove("busy");
    steps.replaceChildren(h("h3", {}, "What the model sees"));
    answer.replaceChildren(h("h3", {}, "Answer"), notice(error.message));
  });
}

function showSteps(stages) {
  const shown = stages.map(({ op, source, width, height }, index) => h("li", {},
    h("figure", { class: "stage" }, image(source, width, height, op, 112)),
    h("span", { class: "quiet" }, index ? `${index}. ${op.replaceAll("_", " ")}` : "as it came")));
  steps.replaceChildren(h("h3", {}, "What the model sees"), h("ol", { class: "way" }, ...shown));
}

function showAnswer(found, question) {
  const { label, confidence, known, top } = found;
  const map = h("figure", { class: "stage" }, h("p", { class: "quiet" }, "Looking…"));
  const looked = h("div", { class: "looked" }, h("h4", {}, "Where it looked"), map);
  const head = known
    ? h("p", { class: "label" }, label, h("span", { class: "sure" }, percent(confidence)))
    : h("p", { class: "label unknown" }, "Unknown", h("span", { class: "sure" }, `nearest: ${label}`));
  const word = known ? null : h("p", { class: "quiet" }, "This picture is unlike those the model learnt from, so it does not claim to know.");
  answer.replaceChildren(h("h3", {}, "Answer"), head, ...(word ? [word] : []), bars(top.slice(0, 6)), looked, inside(question), correction(found, question));
  soonWhere(() => ask(server, "where", question),
    ({ source, width, height, lost }) => map.replaceChildren(image(source, width, height, "Where the model looked: bright is what the answer rests on", 168), h("figcaption", { class: "quiet" }, `Bright: what the answer rests on (${lost})`)),
    (error) => map.replaceChildren(notice(error.message)));
}

function inside(question) {
  const shown = h("div", { class: "row", "aria-live": "polite" });
  const button = h("button", { type: "button", class: "small", onclick: async () => {
    button.disabled = true;
    button.textContent = "Looking inside… some seconds";
    try {
      const { page } = await ask(server, "look_inside", question);
      shown.replaceChildren(h("a", { href: page, target: "_blank", rel: "noopener" }, "What every layer made of it ↗"));
    } catch (error) {
      shown.replaceChildren(notice(error.message));
    }
  } }, "Look inside the network");
  shown.append(button);
  return h("div", { class: "inside" }, h("h4", {}, "Inside the network"), shown);
}

function correction(found, question) {
  const { labels } = models.find(({ name }) => name === question.model);
  const said = h("div", { "aria-live": "polite" });
  const say = async (label) => {
    try {
      const { folder, count } = await ask(server, "correct", { ...question, label });
      const line = `sightline train ${/\s/.test(folder) ? `"${folder}"` : folder}`;
      said.replaceChildren(notice(`Kept as ${label}. ${count === 1 ? "One correction" : `${count} corrections`} in ${folder}.`, "good"), copyable("Train on them", line));
    } catch (error) {
      said.replaceChildren(notice(error.message));
    }
  };
  const choices = labels.length > 12
    ? h("select", { "aria-label": "What it is", onchange: (event) => event.target.value && say(event.target.value) }, h("option", { value: "" }, "It is…"), ...labels.map((label) => h("option", { value: label }, label)))
    : h("div", { class: "row choices" }, ...labels.map((label) => h("button", { type: "button", class: "small", "aria-label": `It is ${label}`, onclick: () => say(label) }, label)));
  return h("div", { class: "correction" }, h("h4", {}, "What is it really?"), choices, said);
}

droppable(root, take);
root.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) take(file);
});
paint();
empty();
ask(server, "models").then((found) => {
  models = found;
  select.replaceChildren(...models.map(({ name }) => h("option", { value: name }, name)));
  own.append(picker({ label: "Or a picture", quiet: true, onpicture: take, sample: () => keep(() => ask(server, "typical_picture", { model: select.value }), false) }));
  tell();
}, (error) => answer.replaceChildren(notice(error.message)));
