// Plays a film made by mqlab.player.film: everything on the stage follows from the time alone.
const COLOURS = { publish: "#0072b2", confirm: "#009e73", delivery: "#cc79a7", ack: "#e69f00" };
const WORDS = { publish: "publish", confirm: "confirm", delivery: "delivery", ack: "acknowledgement" };
const INK = "#1a1a1a", GREY = "#6b6b6b", PALE = "#e9e9e9", RED = "#d55e00";
const WIDTH = 860, TOP = 40, ROW = 46, BOX = [170, 190, 170];
const PLAY_MS = 30000; // at speed 1 a film takes half a minute
const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes, parent, text) {
  const part = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  if (text !== undefined) part.textContent = text;
  parent.appendChild(part);
  return part;
}

function html(name, attributes, parent, text) {
  const part = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  if (text !== undefined) part.textContent = text;
  parent.appendChild(part);
  return part;
}

// Spells a time as finely as a film of this length needs: a ten-thousandth of it can be told apart.
function spell(ns, length) {
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
    if (Math.abs(ns) < size) continue;
    const digits = Math.ceil(Math.log10((10000 * size) / length));
    return `${(ns / size).toFixed(Math.min(Math.max(digits, 0), Math.round(Math.log10(size))))} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

// The last place in a list sorted by its first number that is at or before t; -1: none.
function lastAt(list, t) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][0] <= t) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function layout(lanes) {
  const counts = [0, 0, 0];
  const rows = lanes.map((lane) => counts[lane.column]++);
  const most = Math.max(1, ...counts);
  const left = [10, (WIDTH - BOX[1]) / 2, WIDTH - BOX[2] - 10];
  return {
    height: TOP + most * ROW + 10,
    boxes: lanes.map((lane, i) => {
      const offset = ((most - counts[lane.column]) * ROW) / 2;
      return { x: left[lane.column], y: TOP + offset + rows[i] * ROW, w: BOX[lane.column], h: ROW - 10 };
    }),
  };
}

function render({ model, el }) {
  const film = model.get("film");
  el.replaceChildren();
  const root = html("div", { class: "mqlab-player", tabindex: "0", role: "group", "aria-label": film.title }, el);
  root.style.cssText = `max-width:${WIDTH}px;font:14px/1.4 system-ui,sans-serif;color:${INK};background:#fff`;
  if (film.note) { html("p", {}, root, film.note); return; }
  html("div", { style: "font-weight:600" }, root, film.title);
  const { height, boxes } = layout(film.lanes);
  const stage = html("div", { style: "overflow-x:auto" }, root);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${height}`, width: "100%", role: "img",
    "aria-label": film.title, style: "display:block;min-width:34rem" }, stage);
  const legend = Object.keys(COLOURS);
  legend.forEach((kind, i) => {
    make("circle", { cx: 20 + i * 150, cy: 16, r: 5, fill: COLOURS[kind] }, svg);
    make("text", { x: 30 + i * 150, y: 20, "font-size": 12, fill: INK }, svg, WORDS[kind]);
  });
  make("text", { x: 20 + 4 * 150, y: 20, "font-size": 12, fill: RED }, svg, "× lost   ▨ down");
  const defs = make("defs", {}, svg);
  const hatch = make("pattern", { id: `hatch-${film.start_ns}-${film.length_ns}`, width: 6, height: 6,
    patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, defs);
  make("rect", { width: 6, height: 6, fill: "#f7d9c9" }, hatch);
  make("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: RED, "stroke-width": 2 }, hatch);
  const shapes = film.lanes.map((lane, i) => {
    const b = boxes[i];
    const box = make("rect", { x: b.x, y: b.y, width: b.w, height: b.h, rx: 4, fill: "#fff", stroke: GREY }, svg);
    const bar = make("rect", { x: b.x, y: b.y, width: 0, height: b.h, rx: 4, fill: PALE }, svg);
    make("text", { x: b.x + 8, y: b.y + 16, "font-size": 12, "font-weight": 600, fill: INK }, svg, lane.name);
    const state = make("text", { x: b.x + 8, y: b.y + 31, "font-size": 11, fill: GREY }, svg, "");
    return { box, bar, state };
  });
  const packets = make("g", {}, svg);
  const controls = html("div", { style: "display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:4px 0" }, root);
  const nowrap = "white-space:nowrap";
  const back = html("button", { type: "button", title: "one event back (←)", style: nowrap }, controls, "◀ step");
  const play = html("button", { type: "button", title: "play or pause (space)", style: nowrap }, controls, "▶ play");
  const step = html("button", { type: "button", title: "one event on (→)", style: nowrap }, controls, "step ▶");
  const slider = html("input", { type: "range", min: 0, max: 10000, value: 0, style: "flex:1 1 8em",
    "aria-label": "time" }, controls);
  const speed = html("select", { "aria-label": "speed" }, controls);
  for (const factor of [0.1, 0.25, 0.5, 1, 2, 5]) {
    const option = html("option", { value: factor }, speed, `${factor}×`);
    if (factor === 1) option.selected = true;
  }
  const clock = html("output", { style: "min-width:7em;text-align:right" }, controls, "");
  const log = html("div", { "aria-live": "off",
    style: `height:7.2em;overflow:hidden;border-top:1px solid ${PALE};padding-top:4px` }, root);

  const deepest = film.depths.map((steps) => Math.max(1, ...steps.map((each) => each[1])));
  let now = 0, timer = null, before = 0;

  function drawLanes() {
    const busy = new Map();
    for (const [begin, end, lane, message] of film.work) {
      if (begin > now) break;
      if (now < end) busy.set(lane, [...(busy.get(lane) || []), message]);
    }
    const down = new Set(film.down.filter(([begin, end]) => begin <= now && now < end).map((each) => each[2]));
    film.lanes.forEach((lane, i) => {
      const { box, bar, state } = shapes[i];
      box.setAttribute("fill", down.has(i) ? `url(#${hatch.id})` : "#fff");
      box.setAttribute("stroke", down.has(i) ? RED : GREY);
      if (lane.kind === "queue") {
        const steps = film.depths[i];
        const depth = steps[Math.max(0, lastAt(steps, now))][1];
        bar.setAttribute("width", (boxes[i].w * depth) / deepest[i]);
        state.textContent = `${depth.toLocaleString("en")} ready`;
      } else if (lane.kind === "consumer") {
        const hands = busy.get(i) || [];
        box.setAttribute("stroke-width", hands.length ? 2.5 : 1);
        state.textContent = down.has(i) ? "down" : hands.length > 1 ? `works on ${hands.length}`
          : hands.length ? `works on ${hands[0]}` : "waits";
      } else {
        state.textContent = down.has(i) ? "down" : "";
      }
    });
  }

  function drawPackets() {
    packets.replaceChildren();
    for (const [begin, end, from, to, what, message, how] of film.moves) {
      if (begin > now) break;
      if (now >= end) continue;
      const lost = how === "lost";
      const share = ((now - begin) / (end - begin)) * (lost ? 0.5 : 1);
      const a = boxes[from], b = boxes[to];
      const right = a.x < b.x;
      const x0 = right ? a.x + a.w : a.x, x1 = right ? b.x : b.x + b.w;
      const x = x0 + (x1 - x0) * share;
      const y = a.y + a.h / 2 + (b.y + b.h / 2 - a.y - a.h / 2) * share;
      make("circle", { cx: x, cy: y, r: 5, fill: COLOURS[what] }, packets);
      make("text", { x: x + 7, y: y - 5, "font-size": 10, fill: INK }, packets, message);
      if (lost && share > 0.4) make("text", { x: x - 5, y: y + 5, "font-size": 16, fill: RED }, packets, "×");
    }
  }

  function drawLog() {
    const last = lastAt(film.log, now);
    log.replaceChildren();
    for (let i = Math.max(0, last - 4); i <= last; i++) {
      const [at, text, trouble] = film.log[i];
      const line = html("div", {}, log, `${spell(film.start_ns + at, film.length_ns)}  ${text}`);
      line.style.cssText = `white-space:nowrap;overflow:hidden;text-overflow:ellipsis;color:${trouble ? RED : INK}`;
      if (i === last) line.style.fontWeight = "600";
    }
  }

  function show(t) {
    now = Math.min(Math.max(t, 0), film.length_ns);
    slider.value = String(Math.round((now / film.length_ns) * 10000));
    clock.textContent = spell(film.start_ns + now, film.length_ns);
    root.dataset.now = String(Math.round(now));
    drawLanes();
    drawPackets();
    drawLog();
  }

  function pause() {
    if (timer !== null) cancelAnimationFrame(timer);
    timer = null;
    play.textContent = "▶ play";
  }

  function tick(at) {
    const passed = at - before;
    before = at;
    show(now + (passed / PLAY_MS) * film.length_ns * Number(speed.value));
    if (now >= film.length_ns || !root.isConnected) pause(); else timer = requestAnimationFrame(tick);
  }

  function toggle() {
    if (timer !== null) { pause(); return; }
    if (now >= film.length_ns) show(0);
    play.textContent = "❚❚ pause";
    before = performance.now();
    timer = requestAnimationFrame(tick);
  }

  function move(by) {
    pause();
    const at = lastAt(film.log, now);
    let next = at + by;
    if (by > 0) while (next < film.log.length && film.log[next][0] <= now) next++;
    if (by < 0) while (next >= 0 && film.log[next][0] >= now) next--;
    show(next < 0 ? 0 : next >= film.log.length ? film.length_ns : film.log[next][0]);
  }

  play.onclick = toggle;
  step.onclick = () => move(1);
  back.onclick = () => move(-1);
  slider.oninput = () => { pause(); show((Number(slider.value) / 10000) * film.length_ns); };
  root.onkeydown = (event) => {
    if (event.target !== root) return;
    const done = { " ": toggle, ArrowRight: () => move(1), ArrowLeft: () => move(-1) }[event.key];
    if (done) { done(); event.preventDefault(); event.stopPropagation(); }
  };
  show(0);
  return pause;
}

export default { render };
