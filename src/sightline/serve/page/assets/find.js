// Find: a photo with many signs, a box around each, and what it is read as.
const { h, ask, latest, notice, base64, picker, droppable, percent, save } = window.sightline;

const root = element.querySelector(".find");
const soon = latest();
let models = [];
let picture = null;
let found = [];
let chosen = null;

const select = h("select", { "aria-label": "Model", onchange: look });
const given = h("section", { class: "card given" });
const board = h("section", { class: "board" });
const table = h("section", { class: "card readings" });
const status = h("div", { "aria-live": "polite" });
root.append(given, status, h("div", { class: "find-grid" }, board, table));

async function take(file) {
  await keep(async () => ask(server, "keep", { picture: await base64(file) }));
}

async function keep(work) {
  status.replaceChildren(notice("Looking for signs…", "tell"));
  try {
    picture = await work();
    look();
  } catch (error) {
    status.replaceChildren(notice(error.message));
  }
}

function look() {
  if (!picture) return;
  status.replaceChildren(notice("Looking for signs…", "tell"));
  soon(() => ask(server, "read_all", { model: select.value, picture: picture.key }), (answer) => {
    found = answer.found.map((reading) => ({ ...reading, said: reading.label }));
    chosen = null;
    status.replaceChildren(answer.turned ? notice(`The page lies on its side and was read turned by ${answer.turned}°.`, "tell") : "");
    show(answer);
  }, (error) => {
    board.replaceChildren();
    table.replaceChildren();
    status.replaceChildren(notice(error.message));
  });
}

function show({ width, height }) {
  if (!found.length) {
    board.replaceChildren();
    table.replaceChildren();
    status.replaceChildren(notice("No signs were found. They should be of about one size, dark on light or light on dark, and not tiny.", "tell"));
    return;
  }
  const unit = Math.max(width, height) / 100;
  const boxes = found.map((reading, index) => {
    const [x, y, wide, high] = reading.box;
    const tag = h("span", { class: "tag" });
    const button = h("button", { type: "button", class: "box", style: `left:${(100 * x) / width}%;top:${(100 * y) / height}%;width:${(100 * wide) / width}%;height:${(100 * high) / height}%`, onclick: () => choose(index, true) }, tag);
    return { button, tag };
  });
  board.replaceChildren(h("div", { class: "photo", style: `aspect-ratio:${width}/${height}` }, h("img", { src: picture.source, alt: "The picture with a box around every sign" }), ...boxes.map(({ button }) => button)));
  const rows = found.map((reading, index) => makeRow(reading, index, boxes));
  const doubtful = found.filter((reading) => reading.doubtful).length;
  table.replaceChildren(
    h("div", { class: "row between" }, h("h3", {}, `${found.length} found${doubtful ? `, ${doubtful} doubtful` : ""}`), h("button", { type: "button", class: "small", onclick: download }, "Download as CSV")),
    h("p", { class: "text", "aria-label": "What is written" }),
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { class: "figure" }, "#"), h("th", {}, "Read as"), h("th", { class: "figure" }, "Sure"), h("th", {}, ""))), h("tbody", {}, ...rows))));
  found.forEach((_, index) => update(index, boxes));

  function makeRow(reading, index) {
    const { labels } = models.find(({ name }) => name === select.value);
    const input = h("select", { "aria-label": `Sign ${index + 1} is`, onchange: (event) => correct(index, event.target.value) }, ...labels.map((label) => h("option", { value: label, selected: label === reading.label }, label)));
    return h("tr", { "data-index": index, onclick: () => choose(index) },
      h("td", { class: "figure" }, index + 1), h("td", {}, input), h("td", { class: "figure" }, percent(reading.confidence)), h("td", { class: "note" }));
  }

  async function correct(index, label) {
    const reading = found[index];
    reading.label = label;
    update(index, boxes);
    try {
      const { folder, count } = await ask(server, "correct", { model: select.value, picture: picture.key, box: reading.box, label });
      status.replaceChildren(notice(`Kept as ${label}. ${count === 1 ? "One correction" : `${count} corrections`} in ${folder}, which “sightline train” takes.`, "good"));
    } catch (error) {
      status.replaceChildren(notice(error.message));
    }
  }
}

function update(index, boxes) {
  const { label, said, doubtful, known } = found[index];
  const corrected = label !== said;
  const { button, tag } = boxes[index];
  tag.textContent = `${label}${doubtful && !corrected ? "?" : ""}`;
  button.classList.toggle("doubtful", doubtful && !corrected);
  button.classList.toggle("corrected", corrected);
  button.setAttribute("aria-label", `Sign ${index + 1}: ${label}${doubtful && !corrected ? ", doubtful" : ""}`);
  const row = table.querySelector(`tr[data-index="${index}"]`);
  row.querySelector(".note").textContent = corrected ? `corrected, was ${said}` : known ? (doubtful ? "doubtful" : "") : "unknown";
  table.querySelector(".text").textContent = found.map((reading) => reading.label).join(" ");
}

function choose(index, jump) {
  chosen = index;
  for (const [place, box] of [...board.querySelectorAll(".box")].entries()) box.classList.toggle("chosen", place === chosen);
  for (const row of table.querySelectorAll("tbody tr")) row.classList.toggle("chosen", Number(row.dataset.index) === chosen);
  if (jump) {
    const row = table.querySelector(`tr[data-index="${index}"]`);
    row.scrollIntoView({ block: "nearest" });
    row.querySelector("select").focus({ preventScroll: true });
  }
}

function download() {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = found.map(({ box, label, said, confidence, known }, index) => [index + 1, quoted(label), quoted(said), confidence.toFixed(4), known, ...box].join(","));
  save("found.csv", `number,label,read_as,confidence,known,x,y,width,height\n${lines.join("\n")}\n`, "text/csv");
}

droppable(root, take);
ask(server, "models").then((known) => {
  models = known;
  select.replaceChildren(...models.map(({ name, reads_signs: signs }) => h("option", { value: name, selected: false }, signs ? name : `${name} (no signs)`)));
  select.value = (models.find(({ reads_signs: signs }) => signs) || models[0]).name;
  given.append(
    h("div", { class: "controls" }, h("h3", {}, "A photo with many digits or letters"), h("p", { class: "quiet" }, "A page, a form, a puzzle: each sign is found, cut out and read. What is read wrongly you put right, and keep it for training."), h("label", { class: "field" }, h("span", {}, "Model"), select)),
    picker({ label: "A photo or scan", onpicture: take, sample: () => keep(() => ask(server, "page")) }));
}, (error) => status.replaceChildren(notice(error.message)));
