// Data: pictures by class and split, and what a check finds.
const { h, ask, latest, notice, tiles } = window.sightline;

const root = element.querySelector(".data");
const soon = latest();
const select = h("select", { id: "data-name" });
const open = h("button", { type: "button", class: "primary", onclick: () => load() }, "Open");
const status = h("div", { "aria-live": "polite" });
const body = h("div", { class: "body" });
root.append(h("div", { class: "row" }, h("label", { for: "data-name" }, "Data"), select, open), status, body);
let about = null;
let view = { split: "train", label: null, start: 0 };
const gallery = h("section", { class: "card" });
const checks = h("section", { class: "card" });

async function load() {
  open.disabled = true;
  body.replaceChildren();
  status.replaceChildren(notice("Loading. Data that is not on this machine yet is fetched first, which can take a minute.", "tell"));
  try {
    about = { key: select.value, ...(await ask(server, "about", { data: select.value })) };
    status.replaceChildren();
    view = { split: Object.keys(about.splits)[0], label: null, start: 0 };
    show();
  } catch (error) {
    status.replaceChildren(notice(error.message));
  }
  open.disabled = false;
}

function show() {
  const total = Object.values(about.splits).flat().reduce((sum, one) => sum + one, 0);
  const facts = [about.licence && `Licence: ${about.licence}`, about.citation, about.split && `Split: ${about.split}`].filter(Boolean);
  const largest = Math.max(...Object.values(about.splits).flat());
  const names = Object.keys(about.splits);
  const rows = about.classes.map((label, index) => h("tr", {}, h("th", { scope: "row" }, label), ...names.map((split) => {
    const count = about.splits[split][index];
    const text = `${label}, ${split}: ${count.toLocaleString("en")} pictures`;
    const button = h("button", { type: "button", class: "count", title: text, "aria-label": text, onclick: () => { view = { split, label: index, start: 0 }; browse(); } }, h("span", { class: "bar", style: `width:${(100 * count) / largest}%` }), h("span", { class: "figure" }, count.toLocaleString("en")));
    return h("td", {}, button);
  })));
  const table = h("table", { class: "counts" }, h("thead", {}, h("tr", {}, h("th", {}, "Class"), ...names.map((split) => h("th", {}, split)))), h("tbody", {}, ...rows));
  const check = h("button", { type: "button", onclick: () => inspect(check) }, "Check this data");
  checks.replaceChildren(h("div", { class: "row between" }, h("h3", {}, "What a check finds"), check), h("p", { class: "quiet" }, "Damage, duplicates, pictures in two splits, oddities, imbalance. It looks at every picture, which takes up to a minute."));
  body.replaceChildren(
    h("p", {}, h("strong", {}, about.title || about.name), ` — ${total.toLocaleString("en")} pictures, ${about.classes.length} classes`),
    h("p", { class: "quiet" }, facts.join(" · ")),
    h("div", { class: "data-grid" }, h("section", { class: "card" }, h("h3", {}, "Classes and splits"), h("div", { class: "scroll" }, table)), gallery), checks);
  browse();
}

function browse() {
  soon(() => ask(server, "pictures", { data: about.key, ...view }), ({ total, start, each, pictures }) => {
    const name = view.label === null ? "all classes" : about.classes[view.label];
    const turn = (by) => { view.start = Math.max(0, start + by); browse(); };
    const last = Math.min(start + each, total);
    gallery.replaceChildren(
      h("div", { class: "row between" }, h("h3", {}, `${view.split}: ${name}`),
        h("span", { class: "row" },
          h("span", { class: "quiet" }, total ? `${(start + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${total.toLocaleString("en")}` : "none"),
          h("button", { type: "button", class: "small", disabled: start === 0, "aria-label": "Before", onclick: () => turn(-each) }, "←"),
          h("button", { type: "button", class: "small", disabled: last >= total, "aria-label": "Next", onclick: () => turn(each) }, "→"))),
      total ? tiles(pictures, (one) => (view.label === null ? one.label : one.name.split("/").pop())) : h("p", { class: "quiet" }, "This split has no pictures of the class."));
  }, (error) => gallery.replaceChildren(notice(error.message)));
}

async function inspect(button) {
  button.disabled = true;
  button.textContent = "Looking at every picture…";
  try {
    const found = await ask(server, "check", { data: about.key });
    const SIGNS = { error: "✕ error", warning: "! warning", note: "i note" };
    const parts = found.map(({ severity, message, items, more, pictures }) => h("article", { class: `finding ${severity}` },
      h("p", {}, h("span", { class: `badge ${severity}` }, SIGNS[severity]), " ", message),
      pictures.length ? tiles(pictures, (one) => one.name) : h("ul", { class: "quiet" }, ...items.map((item) => h("li", {}, item))),
      more ? h("p", { class: "quiet" }, `and ${more} more`) : null));
    checks.replaceChildren(h("h3", {}, "What a check finds"), ...(parts.length ? parts : [notice("Nothing was found: no damage, no duplicates, no leaks, no imbalance.", "good")]));
  } catch (error) {
    checks.append(notice(error.message));
    button.disabled = false;
    button.textContent = "Check this data";
  }
}

ask(server, "sources").then((sources) => {
  select.replaceChildren(...sources.map(({ key, title }) => h("option", { value: key }, title)));
  const digits = sources.find(({ key }) => key === "digits");
  if (digits) select.value = "digits";
  body.replaceChildren(h("div", { class: "card" }, h("h3", {}, "Look before you train"), h("p", { class: "quiet" }, "Choose data and open it: its pictures by class and split, and what a check finds in it. The digits are always here; the larger sets are fetched once.")));
}, (error) => status.replaceChildren(notice(error.message)));
