// Text, amounts and elements. Whatever stands in an asset is text: nothing of it is ever parsed as HTML.

/** Controls and marks that turn text around: they show as what they are, something that does not belong. */
const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;

const shown = (text) => String(text).replace(ODD, "\ufffd");

/** Make an element; attributes with a null value are left out, strings among the children are text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A text from outside: it keeps its direction to itself. */
const own = (tag, text, attributes = {}) =>
  make(tag, { dir: "auto", ...attributes }, shown(text));

const OTHER_LETTERS = { ß: "ss", ẞ: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", þ: "th", ı: "i" };

/** Fold case and diacritics, so that `cafe` finds `Café`. */
function folded(text) {
  const lower = text.toLowerCase();
  if (/^[\u0000-\u007f]*$/.test(lower)) return lower;
  return lower
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[ßẞæœøđðłþı]/g, (letter) => OTHER_LETTERS[letter]);
}

const NANO = 1_000_000_000n;

/** Write nano-dollars exactly: no float, no rounding, cents kept. */
function money(nano) {
  const sign = nano < 0n ? "−" : "";
  const size = nano < 0n ? -nano : nano;
  const whole = (size / NANO).toLocaleString("en-US");
  const fraction = (size % NANO).toString().padStart(9, "0").replace(/0{1,7}$/, "");
  return `${sign}$${whole}.${fraction}`;
}

const NUMBER = new Intl.NumberFormat("en-US");
const counted = (number, one, many) => `${NUMBER.format(number)} ${number === 1 ? one : many}`;

const FIRM = "\u00a0"; // a space at which no line ends
const size = (asset) => `${asset.width}${FIRM}×${FIRM}${asset.height}`;
const kilobytes = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)}${FIRM}MB` : `${Math.max(1, Math.round(bytes / 1000))}${FIRM}kB`;
const moment = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** A link that a browser may follow from here; what is anything else is no link. */
function safe(link) {
  if (!link) return null;
  try {
    const { protocol } = new URL(link, document.baseURI);
    return ["http:", "https:", "file:"].includes(protocol) ? link : null;
  } catch {
    return null;
  }
}

/** The tag of a language as HTML wants it; `und` says nothing. */
const langOf = (tag) => (tag && tag !== "und" ? tag : null);

/** The language of an asset's text in one field: the main one, or where that has none, its own. */
const langIn = (asset, field) => {
  const tags = Object.keys(asset.texts?.[field] ?? {});
  return langOf(tags.length && !tags.includes(asset.language) ? tags[0] : asset.language);
};
