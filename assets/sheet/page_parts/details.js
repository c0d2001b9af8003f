// The details of one asset, in a dialog.

const SOURCES = {
  trainedAlgorithmicMedia: "Made by a trained model (AI)",
  algorithmicMedia: "Made by a program without training data",
  composite: "Put together from pictures and drawn text",
};

/** Put a text on the clipboard, also where a page from plain HTTP may not use the new way. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { class: "unseen", "aria-label": "Text to copy" });
    area.value = text;
    document.getElementById("details").append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function copyButton(label, text) {
  const button = make("button", { type: "button", class: "quiet small" }, label);
  button.addEventListener("click", async () => {
    const done = await copied(text);
    button.focus();
    document.getElementById("said").textContent = done ? `${label}: copied` : "This browser does not let the page copy";
    button.classList.toggle("done", done);
    button.textContent = done ? "Copied" : label;
    setTimeout(() => {
      button.textContent = label;
      button.classList.remove("done");
    }, 1500);
  });
  return button;
}

function fact(label, ...values) {
  const there = values.filter(Boolean);
  return there.length ? make("div", {}, make("dt", {}, label), ...there.map((value) => make("dd", {}, value))) : null;
}

/** One text in all its languages; the main one first. */
function inLanguages(asset, field, label) {
  const all = Object.entries(asset.texts?.[field] ?? {});
  const main = asset[field];
  const pairs = all.length ? all : main ? [[asset.language, main]] : [];
  return pairs.map(([tag, text]) => {
    const language = langOf(tag);
    const told = language && pairs.length > 1 ? `${label} (${shown(language)})` : label;
    const copy = field === "alt" ? copyButton(`Copy ${told.toLowerCase()}`, text) : null;
    return fact(told, own("p", text, { lang: language }), copy);
  });
}

/** Where something lies in the store that cannot be opened from here. */
function place(label, key) {
  const whole = facts.store ? `${facts.store.replace(/\/$/, "")}/${key}` : key;
  return make("p", { class: "where" }, `${label} in the store: `, own("code", whole));
}

function fileRow(asset) {
  return make(
    "li",
    {},
    make("span", {}, `${size(asset)} ${shown(asset.format)}, ${kilobytes(asset.bytes)}`),
    links(asset),
    own("span", asset.name, { class: "name" }),
    safe(asset.file) ? null : place("File", asset.key),
    asset.receipt_key ? place("Receipt", asset.receipt_key) : null,
  );
}

function detailFacts(group) {
  const asset = group.lead;
  return make(
    "div",
    {},
    make("div", { class: "named" }, own("p", asset.name, { class: "name" }), copyButton("Copy name", asset.name)),
    make("h3", {}, group.members.length > 1 ? "Files" : "File"),
    make("ul", { class: "files" }, ...group.members.map(fileRow)),
    make(
      "dl",
      {},
      ...inLanguages(asset, "alt", "Alt text"),
      ...(Object.keys(asset.texts?.title ?? {}).length > 1 ? inLanguages(asset, "title", "Title") : []),
      fact("Prompt", asset.prompt ? own("p", asset.prompt, { class: "prompt" }) : null),
      ...inLanguages(asset, "rights", "Rights"),
      fact("Credit", asset.credit ? own("span", asset.credit) : null),
      fact("Tags", (asset.tags ?? []).length ? make("ul", { class: "tags" }, ...asset.tags.map((tag) => own("li", tag))) : null),
      fact("Cost", money(group.cost)),
      fact("Checks", (asset.verdicts ?? []).length ? own("span", asset.verdicts.join(", ")) : null),
      fact("Approved by", own("span", asset.approved_by || NOBODY)),
      fact("Made by", own("span", `${asset.model} (${asset.provider}), seed ${asset.seed ?? 0}`), SOURCES[asset.source_type] ?? null),
      fact("Released", moment(asset.released_at)),
      fact("Campaign", own("span", asset.campaign)),
      fact("Order", own("span", asset.order)),
      fact("SHA-256", make("code", {}, asset.sha256)),
    ),
  );
}

/** The file itself where it can be opened from here; its thumbnail until then, and where it cannot. */
function largePicture(asset) {
  const there = picture(asset);
  const file = safe(asset.file);
  if (!file || there.tagName !== "IMG") return there;
  const whole = make("img", { alt: there.alt, width: asset.width, height: asset.height, hidden: true });
  whole.addEventListener("load", () => {
    whole.hidden = false;
    there.remove();
  });
  whole.src = file;
  there.style.aspectRatio = `${asset.width} / ${asset.height}`;
  return make("div", {}, there, whole);
}

function showDetails(group, place) {
  const asset = group.lead;
  const title = document.getElementById("details-title");
  title.textContent = shown(titleOf(asset));
  title.lang = (asset.title && langOf(asset.language)) || "";
  document.getElementById("details-picture").replaceChildren(largePicture(asset));
  document.getElementById("details-facts").replaceChildren(detailFacts(group));
  document.getElementById("place").textContent = place;
}
