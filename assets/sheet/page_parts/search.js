// The assets: read from the page, grouped with their renditions, searched, filtered, sorted.

/** Read one asset a line. A thumbnail is most of its line, so only the rest is parsed. */
function readAssets() {
  const element = document.getElementById("sheet-assets");
  const lines = element.textContent.split("\n");
  element.remove();
  const assets = [];
  for (const line of lines) {
    if (!line) continue;
    const asset = JSON.parse(line);
    asset.cost = BigInt(asset.cost_nano);
    assets.push(asset);
  }
  return assets;
}

/** Put renditions under their master; one whose master is not here stands for itself. */
function grouped(assets) {
  const groups = new Map();
  for (const asset of assets) if (!asset.master) groups.set(asset.key, { members: [asset] });
  for (const asset of assets) {
    if (!asset.master) continue;
    const group = groups.get(asset.master);
    if (group) group.members.push(asset);
    else groups.set(asset.key, { members: [asset] });
  }
  const all = [...groups.values()];
  for (const group of all) {
    group.cost = group.members.reduce((sum, asset) => sum + asset.cost, 0n);
    group.lead = group.members[0];
  }
  return all;
}

const NOBODY = "Nobody was asked";

/** What can be chosen: its label, and an asset's values. */
const FILTERS = [
  { id: "campaign", label: "Campaign", of: (asset) => [asset.campaign] },
  { id: "order", label: "Order", of: (asset) => [asset.order] },
  { id: "size", label: "Size", of: (asset) => [size(asset)] },
  { id: "format", label: "Format", of: (asset) => [asset.format] },
  { id: "model", label: "Model", of: (asset) => [asset.model] },
  { id: "tag", label: "Tag", of: (asset) => asset.tags ?? [] },
  { id: "approved", label: "Approved by", of: (asset) => [asset.approved_by || NOBODY] },
];

const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const naturally = (one, other) => COLLATOR.compare(one, other) || (one < other ? -1 : one > other ? 1 : 0);

const SORTS = {
  name: (one, other) => naturally(one.members[0].name, other.members[0].name) || naturally(one.members[0].key, other.members[0].key),
  newest: (one, other) => (one.members[0].released_at < other.members[0].released_at ? 1 : one.members[0].released_at > other.members[0].released_at ? -1 : 0) || SORTS.name(one, other),
  cost: (one, other) => (one.cost < other.cost ? 1 : one.cost > other.cost ? -1 : 0) || SORTS.name(one, other),
};

/** All groups in an order; each order is made once. */
function sorter(groups) {
  const made = new Map();
  return (by) => {
    if (!made.has(by)) made.set(by, [...groups].sort(SORTS[by]));
    return made.get(by);
  };
}

function searchText(asset) {
  if (asset.folded === undefined) {
    const texts = Object.values(asset.texts ?? {}).flatMap((each) => Object.values(each));
    const said = [asset.name, asset.title, asset.alt, asset.prompt, asset.order, asset.model, ...(asset.tags ?? []), ...texts];
    asset.folded = folded(said.filter(Boolean).join("\n"));
  }
  return asset.folded;
}

/** Say which assets fit what was asked for. */
function fits(asked) {
  const words = folded(asked.q).split(/\s+/).filter(Boolean);
  const chosen = FILTERS.filter((filter) => asked[filter.id]);
  return (asset) => {
    for (const filter of chosen) if (!filter.of(asset).includes(asked[filter.id])) return false;
    const day = asset.released_at.slice(0, 10);
    if (asked.from && day < asked.from) return false;
    if (asked.to && day > asked.to) return false;
    return words.every((word) => searchText(asset).includes(word));
  };
}

/** Find the groups with an asset that fits; the first that does leads its group. */
function found(inOrder, asked) {
  const fit = fits(asked);
  const shownGroups = [];
  let cost = 0n;
  let files = 0;
  for (const group of inOrder) {
    const lead = group.members.find(fit);
    if (!lead) continue;
    group.lead = lead;
    shownGroups.push(group);
    cost += group.cost;
    files += group.members.length;
  }
  return { groups: shownGroups, cost, files };
}
