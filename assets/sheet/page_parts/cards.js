// One card for each group: the picture is the button that opens its details.

const titleOf = (asset) => asset.title || asset.name;

function picture(asset) {
  if (!asset.thumbnail) {
    return make("span", { class: "bare" }, make("span", {}, "No preview: the file could not be opened"), own("span", titleOf(asset), { class: "unseen" }));
  }
  return make("img", {
    src: asset.thumbnail,
    alt: shown(asset.alt || titleOf(asset)),
    lang: asset.alt || asset.title ? langIn(asset, asset.alt ? "alt" : "title") : null,
    decoding: "async",
  });
}

function verdictsText(asset) {
  const all = asset.verdicts ?? [];
  if (!all.length) return null;
  const odd = all.filter((verdict) => verdict.includes("(")).length;
  const passed = counted(all.length - odd, "check passed", "checks passed");
  return odd ? `${passed}, ${odd} let pass` : passed;
}

/** Links to the file and its receipt, or what they are where nothing can be opened from here. */
function links(asset) {
  const file = safe(asset.file);
  const receipt = safe(asset.receipt);
  if (!file && !receipt) return null;
  const named = (text) => [text, make("span", { class: "unseen" }, ` of ${shown(asset.name)}`)];
  return make(
    "p",
    { class: "links" },
    file && make("a", { href: file }, ...named("File")),
    receipt && make("a", { href: receipt }, ...named("Receipt")),
  );
}

/** What it cost and which gates it passed. */
function passed(group) {
  const checks = verdictsText(group.lead);
  return make("p", { class: "passed" }, make("span", { class: "cost" }, money(group.cost)), checks ? ` · ${checks}` : null);
}

function card(group, number) {
  const asset = group.lead;
  const others = group.members.filter((member) => member !== asset);
  return make(
    "li",
    { class: "card" },
    make("button", { type: "button", class: "face", "aria-haspopup": "dialog", "data-number": number }, picture(asset)),
    own("h3", titleOf(asset), { lang: asset.title ? langIn(asset, "title") : null }),
    asset.title && asset.title !== asset.name ? own("p", asset.name, { class: "name" }) : null,
    asset.alt ? own("p", asset.alt, { class: "alt", lang: langIn(asset, "alt") }) : null,
    make("p", { class: "form" }, `${size(asset)} · ${shown(asset.format)} · ${kilobytes(asset.bytes)}`),
    passed(group),
    asset.approved_by ? make("p", {}, "Approved by ", own("bdi", asset.approved_by)) : null,
    asset.rights ? own("p", asset.rights, { class: "rights", lang: langIn(asset, "rights") }) : null,
    others.length ? make("p", { class: "also" }, `Also as ${others.map((other) => `${size(other)} ${shown(other.format)}`).join(", ")}`) : null,
    links(asset),
  );
}
