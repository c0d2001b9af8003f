// The page: what was asked for, what is shown, keys and focus.

const AT_FIRST = 60;
const EACH_TIME = 120;
const TYPING_MS = 90;
const PRINTED_MAX = 5000;

const id = (name) => document.getElementById(name);
const facts = JSON.parse(id("sheet-facts").textContent);
const assets = readAssets();
const groups = grouped(assets);
const inOrder = sorter(groups);
const FIELDS = ["q", "sort", "from", "to", ...FILTERS.map((filter) => filter.id)];
const inputs = { q: id("find"), sort: id("sort") };

let result = { groups: [], cost: 0n, files: 0 };
let shownCount = 0;
let opened = 0;

function field(name, label, control) {
  control.id = `by-${name}`;
  inputs[name] = control;
  return make("div", { class: "field" }, make("label", { for: control.id }, label), control);
}

/** A choice for everything in which the assets differ; what is the same for all is no choice. */
function makeFilters() {
  const made = [];
  for (const filter of FILTERS) {
    const values = new Set();
    for (const asset of assets) for (const value of filter.of(asset)) values.add(value);
    if (values.size < 2 && !(filter.id === "tag" && values.size)) continue;
    const options = [...values].sort(naturally).map((value) => make("option", { value }, shown(value)));
    made.push(field(filter.id, filter.label, make("select", {}, make("option", { value: "" }, "All"), ...options)));
  }
  const days = assets.map((asset) => asset.released_at.slice(0, 10)).sort();
  if (days.length && days[0] !== days.at(-1)) {
    const bounds = { type: "date", min: days[0], max: days.at(-1) };
    made.push(field("from", "Released from", make("input", bounds)), field("to", "Released until", make("input", bounds)));
  }
  id("filters").append(...made);
  id("filters-button").hidden = !made.length;
}

function asked() {
  const values = {};
  for (const name of FIELDS) values[name] = inputs[name]?.value ?? "";
  return values;
}

const isNarrowed = (values) => FIELDS.some((name) => name !== "sort" && values[name].trim());

/** Keep what was asked for in the address, so that it can be sent to somebody. */
function remember(values) {
  const kept = new URLSearchParams();
  for (const name of FIELDS) if (values[name] && !(name === "sort" && values[name] === "name")) kept.set(name, values[name]);
  try {
    history.replaceState(null, "", `#${kept}`);
  } catch {
    // Some viewers allow no change of the address; the page works all the same.
  }
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of FIELDS) {
    if (!inputs[name]) continue;
    inputs[name].value = kept.get(name) ?? (name === "sort" ? "name" : "");
    if (inputs[name].selectedIndex === -1) inputs[name].selectedIndex = 0;
  }
}

function say(values) {
  const { groups: there, cost, files } = result;
  const isPart = isNarrowed(values);
  const all = counted(groups.length, "asset", "assets");
  let text = isPart ? `${NUMBER.format(there.length)} of ${all}` : all;
  if (files > there.length) text += `, ${counted(files, "file", "files")}`;
  text += ` · ${money(cost)}`;
  if (!there.length) text = isPart ? `Nothing fits; there ${groups.length === 1 ? "is" : "are"} ${all} in all` : "There is nothing on this sheet yet";
  id("count").textContent = text;
  id("clear").hidden = !isPart;
  const chosen = FIELDS.filter((name) => name !== "q" && name !== "sort" && values[name]).length;
  id("filters-button").textContent = chosen ? `Filters (${chosen})` : "Filters";
}

function showMore(number) {
  const until = Math.min(result.groups.length, shownCount + number);
  const cards = result.groups.slice(shownCount, until).map((group, index) => card(group, shownCount + index));
  id("cards").append(...cards);
  shownCount = until;
  const left = result.groups.length - until;
  id("more").hidden = !left;
  id("more").textContent = left > EACH_TIME ? `Show ${EACH_TIME} more of ${NUMBER.format(left)}` : `Show ${left} more`;
}

function update() {
  const values = asked();
  result = found(inOrder(values.sort || "name"), values);
  shownCount = 0;
  id("cards").replaceChildren();
  showMore(AT_FIRST);
  say(values);
  remember(values);
}

let waiting = 0;
function updateSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(update, TYPING_MS);
}

const faces = () => id("cards").querySelectorAll(".face");

function focusCard(number) {
  if (number >= shownCount && shownCount < result.groups.length) showMore(EACH_TIME);
  faces()[Math.max(0, Math.min(number, shownCount - 1))]?.focus();
}

function columns() {
  const all = id("cards").children;
  let number = 1;
  while (number < all.length && all[number].offsetTop === all[0].offsetTop) number += 1;
  return number;
}

function moveInCards(event) {
  const face = event.target.closest(".face");
  if (!face || event.altKey || event.ctrlKey || event.metaKey) return;
  const from = Number(face.dataset.number);
  const to = {
    ArrowLeft: () => from - 1,
    ArrowRight: () => from + 1,
    ArrowUp: () => from - columns(),
    ArrowDown: () => from + columns(),
    Home: () => 0,
    End: () => shownCount - 1,
  }[event.key]?.();
  if (to === undefined) return;
  event.preventDefault();
  if (to >= 0 && (to < result.groups.length || event.key === "ArrowDown")) focusCard(to);
}

function open(number) {
  opened = number;
  showDetails(result.groups[number], `${NUMBER.format(number + 1)} of ${NUMBER.format(result.groups.length)}`);
  id("previous").disabled = number === 0;
  id("next").disabled = number === result.groups.length - 1;
  if (!id("details").open) id("details").showModal();
  id("details-title").focus();
  id("details").querySelector(".facts").scrollTop = 0;
}

function step(by) {
  const to = opened + by;
  if (to >= 0 && to < result.groups.length) open(to);
}

/** The picture that was looked at last has the focus again. */
function closed() {
  if (id("details").open) return; // opened again before this was told
  while (shownCount <= opened && shownCount < result.groups.length) showMore(EACH_TIME);
  id("details-picture").replaceChildren();
  focusCard(opened);
}

function slashIsOn(value) {
  try {
    if (value !== undefined) localStorage.setItem("mintage-slash", value ? "on" : "off");
    return localStorage.getItem("mintage-slash") !== "off";
  } catch {
    return id("slash").checked;
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (id("details").open) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) step(by);
    return;
  }
  const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "/" && !isTyping && id("slash").checked) {
    event.preventDefault();
    id("find").focus();
    id("find").select();
  }
}

function showFilters(open) {
  id("filters").hidden = !open;
  id("filters-button").setAttribute("aria-expanded", String(open));
}

function clear() {
  for (const name of FIELDS) if (inputs[name] && name !== "sort") inputs[name].value = "";
  update();
  id("find").focus();
}

function tell() {
  const parts = [facts.order && shown(facts.order)];
  if (facts.charged_nano !== null) parts.push(`${money(BigInt(facts.charged_nano))} charged in all, rejected work included`);
  id("told").textContent = parts.filter(Boolean).join(" · ");
  if (!facts.withdrawn.length) return;
  id("withdrawn").hidden = false;
  id("withdrawn").querySelector("summary").textContent = `${counted(facts.withdrawn.length, "asset was", "assets were")} withdrawn`;
  id("withdrawn").querySelector("ul").append(
    ...facts.withdrawn.map((one) => make("li", {}, own("span", one.key.split("/").slice(4).join("/") || one.key), `, ${moment(one.at)}: `, own("span", one.because))),
  );
}

function listen() {
  id("tools").addEventListener("submit", (event) => event.preventDefault());
  id("find").addEventListener("input", updateSoon);
  for (const [name, control] of Object.entries(inputs)) if (name !== "q") control.addEventListener("change", update);
  id("filters-button").addEventListener("click", () => showFilters(id("filters").hidden));
  id("clear").addEventListener("click", clear);
  id("more").addEventListener("click", () => {
    const first = shownCount;
    showMore(EACH_TIME);
    focusCard(first);
  });
  id("cards").addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (face) open(Number(face.dataset.number));
  });
  id("cards").addEventListener("keydown", moveInCards);
  id("close").addEventListener("click", () => id("details").close());
  id("details").addEventListener("close", closed);
  id("details").addEventListener("click", (event) => {
    if (event.target === id("details")) id("details").close();
  });
  id("previous").addEventListener("click", () => step(-1));
  id("next").addEventListener("click", () => step(1));
  id("slash").addEventListener("change", () => slashIsOn(id("slash").checked));
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => {
    recall();
    update();
  });
  addEventListener("beforeprint", () => showMore(PRINTED_MAX));
}

makeFilters();
recall();
tell();
listen();
id("tools").hidden = false;
id("keys").hidden = false;
id("slash").checked = slashIsOn();
showFilters(matchMedia("(min-width: 60em)").matches && !id("filters-button").hidden);
update();
