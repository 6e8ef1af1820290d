// What the tabs share: elements, calls to the service, pictures that people choose, errors where they happened.
window.sightline = (() => {
  const NO_CONTENT = new Set([null, undefined, false]);

  // An element: h("button", {class: "primary", onclick: go}, "Go").
  function h(tag, attributes = {}, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (NO_CONTENT.has(value)) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...content.flat().filter((part) => !NO_CONTENT.has(part)));
    return element;
  }

  // Calls a function of the service; throws an Error with the words that people read.
  async function ask(server, name, question = {}) {
    let reply;
    try {
      reply = await server.ask({ name, question });
    } catch (error) {
      throw new Error("The service does not answer. Is it still running?");
    }
    if (reply && reply.error) throw new Error(reply.error);
    if (!reply || !("answer" in reply)) throw new Error("The request was refused: it is too large, or the page is out of date. Reload it.");
    return reply.answer;
  }

  // Only the last of many calls counts: an answer that comes late is dropped.
  function latest(wait = 0) {
    let number = 0;
    return async (work, done, failed) => {
      const mine = ++number;
      if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
      if (mine !== number) return;
      try {
        const answer = await work();
        if (mine === number) done(answer);
      } catch (error) {
        if (mine === number) failed(error);
      }
    };
  }

  function notice(text, kind = "error") {
    return h("p", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" }, text);
  }

  async function base64(blob) {
    const text = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(new Error("The file cannot be read. Choose it again."));
      reader.readAsDataURL(blob);
    });
    return text.slice(text.indexOf(",") + 1);
  }

  // A picture as it is: small ones by whole factors, so that every pixel is seen.
  function image(source, width, height, alt, room = 280) {
    const factor = Math.max(width, height) <= 64 ? Math.max(1, Math.floor(room / Math.max(width, height))) : 0;
    const element = h("img", { src: source, alt, class: factor ? "pixels" : "", draggable: "false" });
    if (factor) element.style.width = `${width * factor}px`;
    return element;
  }

  function size(stage) {
    const kind = { 1: "gray", 3: "colour", 4: "colour with transparency" }[stage.channels];
    const depth = { uint8: "", uint16: ", 16 bit", float32: ", 32 bit" }[stage.dtype];
    return `${stage.width} × ${stage.height} px, ${kind}${depth}`;
  }

  function percent(share) {
    const value = 100 * share;
    if (value > 0 && value < 0.1) return "<\u00a00.1\u00a0%";
    return `${value >= 99.95 && value < 100 ? ">\u00a099.9" : value.toFixed(1)}\u00a0%`;
  }

  // Where people choose a picture: a file, one that is dropped or pasted, the camera, the sample.
  function picker({ label, onpicture, sample, camera = true, quiet = false }) {
    const input = h("input", { type: "file", accept: "image/*,.tif,.tiff,.ppm,.pgm,.jp2", class: "hidden-input", "aria-label": label });
    input.addEventListener("change", () => {
      if (input.files.length) onpicture(input.files[0]);
      input.value = "";
    });
    const buttons = [h("button", { type: "button", class: quiet ? "" : "primary", onclick: () => input.click() }, "Choose a picture")];
    if (sample) buttons.push(h("button", { type: "button", onclick: sample }, "Try the sample"));
    if (camera && navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
      buttons.push(h("button", { type: "button", onclick: () => photograph(onpicture) }, "Camera"));
    }
    const zone = h("div", { class: "picker" }, input, h("div", { class: "row" }, ...buttons), h("p", { class: "quiet" }, `${label}, or drop one here.`));
    droppable(zone, onpicture);
    return zone;
  }

  function droppable(zone, onpicture) {
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length) onpicture(event.dataTransfer.files[0]);
    });
  }

  async function photograph(onpicture) {
    const video = h("video", { autoplay: true, playsinline: true });
    const dialog = h("dialog", { class: "sightline camera", "aria-label": "Camera" }, video);
    let stream = null;
    const close = () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      dialog.remove();
    };
    const take = () => {
      const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
      canvas.getContext("2d").drawImage(video, 0, 0);
      canvas.toBlob((blob) => onpicture(blob), "image/png");
      close();
    };
    const button = h("button", { type: "button", class: "primary", disabled: true, onclick: take }, "Take the picture");
    dialog.append(h("div", { class: "row" }, button, h("button", { type: "button", onclick: close }, "Cancel")));
    dialog.addEventListener("cancel", close);
    document.body.append(dialog);
    dialog.showModal();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      button.disabled = false;
    } catch (error) {
      video.replaceWith(notice("There is no camera, or the browser may not use it. Choose a file instead."));
    }
  }

  // Text whose names stand between `backticks`.
  function prose(text) {
    return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
  }

  // Sorted bars; the first is the answer.
  function bars(likely) {
    const row = ({ label, probability }, index) =>
      h("li", { class: index ? "" : "first" },
        h("span", { class: "label" }, label),
        h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: `width:${100 * probability}%` })),
        h("span", { class: "number" }, percent(probability)));
    return h("ol", { class: "bars" }, ...likely.map(row));
  }

  function save(name, content, type = "text/plain") {
    const blob = content instanceof Blob ? content : new Blob([content], { type });
    const link = h("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function copyable(title, text, extra) {
    const button = h("button", { type: "button", class: "small" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch (error) {
        getSelection().selectAllChildren(code);
        button.textContent = "Press Ctrl-C";
      }
    });
    const code = h("code", {}, text);
    return h("div", { class: "copyable" }, h("div", { class: "row between" }, h("strong", {}, title), h("span", { class: "row" }, extra, button)), h("pre", {}, code));
  }

  function duration(seconds) {
    if (seconds === null || seconds === undefined) return "";
    if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return `${(seconds / 3600).toFixed(1)} h`;
  }

  // A table whose columns sort by a click: columns are {title, of, show, figure}.
  function sortable(columns, rows, { onrow, label, first = 0, down = false } = {}) {
    let by = first;
    let falling = down;
    const body = h("tbody");
    const heads = columns.map((column, index) => h("th", { class: column.figure ? "figure" : "", scope: "col" },
      h("button", { type: "button", class: "sort", onclick: () => { falling = by === index ? !falling : Boolean(column.figure); by = index; fill(); } }, column.title)));
    const fill = () => {
      const value = columns[by].of;
      const order = (one, other) => {
        const [a, b] = [value(one), value(other)];
        if (a === null || a === undefined) return 1;
        if (b === null || b === undefined) return -1;
        return (typeof a === "number" ? a - b : String(a).localeCompare(String(b))) * (falling ? -1 : 1);
      };
      heads.forEach((head, index) => head.setAttribute("aria-sort", index === by ? (falling ? "descending" : "ascending") : "none"));
      body.replaceChildren(...[...rows].sort(order).map((row) => {
        const cells = columns.map((column) => h("td", { class: column.figure ? "figure" : "" }, (column.show || column.of)(row) ?? ""));
        return h("tr", { onclick: onrow ? () => onrow(row) : undefined, class: onrow ? "open" : "" }, ...cells);
      }));
    };
    fill();
    return h("div", { class: "scroll" }, h("table", { "aria-label": label }, h("thead", {}, h("tr", {}, ...heads)), body));
  }

  const SVG = "http://www.w3.org/2000/svg";

  function s(tag, attributes = {}, text) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // Curves over epochs: training dashed, validation solid, each labelled at its end.
  function curve(title, history, series, { epochs, share, chosen }) {
    const [width, height, left, right, top, bottom] = [460, 240, 52, 86, 14, 30];
    const values = series.flatMap(({ key }) => history.map((row) => row[key]).filter((value) => Number.isFinite(value)));
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "curve", "aria-label": title });
    if (!values.length) return h("figure", { class: "chart" }, h("figcaption", {}, title), h("p", { class: "quiet" }, "No epoch is done yet."));
    let [low, high] = [Math.min(...values), Math.max(...values)];
    const slack = Math.max((high - low) * 0.08, share ? 0.002 : 0.005 * Math.abs(high) + 1e-6);
    low = Math.max(0, low - slack);
    high = share ? Math.min(1, high + slack) : high + slack;
    const last = Math.max(epochs || 0, history.length, 2);
    const x = (epoch) => left + ((epoch - 1) / (last - 1)) * (width - left - right);
    const y = (value) => top + (1 - (value - low) / (high - low)) * (height - top - bottom);
    for (const tick of ticks(low, high)) {
      svg.append(s("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: "grid" }));
      svg.append(s("text", { x: left - 6, y: y(tick) + 4, class: "tick", "text-anchor": "end" }, share ? `${+(100 * tick).toFixed(1)} %` : String(+tick.toPrecision(3))));
    }
    const every = Math.max(1, Math.ceil(last / 8));
    for (let epoch = 1; epoch <= last; epoch += every) svg.append(s("text", { x: x(epoch) + 2, y: height - 10, class: "tick", "text-anchor": "middle" }, epoch));
    svg.append(s("text", { x: left - 6, y: height - 10, class: "tick", "text-anchor": "end" }, "epoch"));
    if (chosen) svg.append(s("line", { x1: x(chosen), x2: x(chosen), y1: top, y2: height - bottom, class: "chosen" }));
    const ends = [];
    for (const { key, name, kind } of series) {
      const points = history.filter((row) => Number.isFinite(row[key])).map((row) => [x(row.epoch), y(row[key])]);
      if (!points.length) continue;
      svg.append(s("polyline", { points: points.map((point) => point.join(",")).join(" "), class: kind }));
      const [endX, endY] = points[points.length - 1];
      svg.append(s("circle", { cx: endX, cy: endY, r: 3, class: kind }));
      ends.push({ name, kind, x: endX, y: endY });
    }
    ends.sort((one, other) => one.y - other.y);
    ends.forEach((end, index) => { if (index && end.y - ends[index - 1].y < 14) end.y = ends[index - 1].y + 14; });
    for (const { name, kind, x: endX, y: endY } of ends) svg.append(s("text", { x: endX + 8, y: endY + 4, class: `name ${kind}` }, name));
    return h("figure", { class: "chart" }, h("figcaption", {}, title), svg);
  }

  function ticks(low, high) {
    const rough = (high - low) / 4;
    const base = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * base).find((one) => one >= rough);
    const found = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) found.push(tick);
    return found;
  }

  function curves(history, options = {}) {
    const both = (what) => [{ key: what, name: "training", kind: "training" }, { key: `val_${what}`, name: "validation", kind: "validation" }];
    return h("div", { class: "charts" }, curve("Loss", history, both("loss"), options), curve("Accuracy", history, both("accuracy"), { ...options, share: true }));
  }

  function tiles(pictures, caption) {
    return h("ul", { class: "tiles" }, ...pictures.map((one) => h("li", {}, h("figure", { class: "stage" }, one.source ? image(one.source, one.width, one.height, one.name || "", 112) : h("p", { class: "quiet" }, one.error)), h("span", { class: "quiet", title: one.name }, caption(one)))));
  }

  return { duration, sortable, curves, tiles, h, ask, latest, notice, prose, base64, image, size, percent, picker, droppable, bars, save, copyable };
})();
