// The explorer: a table of candidates that is searched, filtered, sorted and reviewed, with the
// evidence of the chosen candidate beside it. Text of the data only ever enters as text.

const ROW = 28;
const BARS = 8;
const MET = 0, NOT_MET = 1, UNKNOWN = 2;
const SHAPES = ["met", "not", "unknown"];
const VERDICTS = ["met", "not met", "unknown"];
const NOT_ASKED = "not asked in its run";
const OUTCOMES = ["Match", "No match", "Open"];
const OUTCOME_SHAPES = ["match", "not", "unknown"];
const LEVELS = ["low", "medium", "high"];
const DECISIONS = {accept: "accepted", reject: "rejected", unsure: "unsure"};
const LETTERS = {accept: "A", reject: "R", unsure: "U"};
const KEYS = {a: "accept", r: "reject", u: "unsure"};
const LONG = 700;
// The longest note or correction that Python takes.
const LONGEST = 10_000;
const REVIEW_WIDTH = 30;
const NAME = -1;
const collator = new Intl.Collator(undefined, {numeric: true});
let explorers = 0;

// -- building elements -----------------------------------------------------------------------

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function words(text) {
  return make("span", {class: "ff-words"}, text);
}

function drawing(size, path, filled = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const look = filled
    ? {fill: "currentColor", stroke: "none"}
    : {fill: "none", stroke: "currentColor", "stroke-width": "1.6", "stroke-linecap": "round"};
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${size} ${size}`, width: size, height: size, "aria-hidden": "true",
    focusable: "false", ...look,
  })) svg.setAttribute(name, value);
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const ICONS = {
  search: [16, "M11.2 11.2 14.5 14.5M2 7.2a5.2 5.2 0 1 0 10.4 0a5.2 5.2 0 1 0-10.4 0"],
  up: [16, "M8 13V3M4 7 8 3 12 7"],
  down: [16, "M8 3V13M4 9 8 13 12 9"],
  close: [16, "M4.5 4.5 11.5 11.5M11.5 4.5 4.5 11.5"],
};

function icon(name) {
  return drawing(...ICONS[name]);
}

function pips(level) {
  const made = drawing(12, "M0 8h3v4h-3zM4.5 5h3v7h-3zM9 2h3v10h-3z", true);
  made.setAttribute("class", "ff-pips-pale");
  const front = drawing(12, ["M0 8h3v4h-3z", "M4.5 5h3v7h-3z", "M9 2h3v10h-3z"].slice(0, level + 1).join(""), true);
  return make("span", {class: "ff-pips"}, made, front);
}

// Compatible characters are one, such as full-width letters and ASCII. Upper case first, so that
// "ß" is found by "ss"; "İ" in lower case is an i with a combining dot.
function folded(text) {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ").replaceAll("i\u0307", "i");
}

function keyOf(row, field) {
  return `${row} ${field ?? ""}`;
}

// Ranks of rows in order; what has none comes last in both directions.
function byRank(ranks, descending) {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (ranks[a] === ranks[b]) return a - b;
    if (ranks[a] === Infinity) return 1;
    if (ranks[b] === Infinity) return -1;
    return sign * (ranks[a] - ranks[b]);
  };
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function shortNumber(number) {
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return number.toExponential(1).replace("e+", "e");
  return String(Number(number.toPrecision(size >= 1e4 ? 7 : 4)));
}

function isWebAddress(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

// -- the data --------------------------------------------------------------------------------

// One column of the table; what the row of a candidate falls into is its slot.
class Column {
  constructor(source, index, count) {
    Object.assign(this, source);
    this.index = index;
    this.count = count;
    this.filter = new Set();
    this.orders = new Map();
    // An array of numbers has NaN where JSON has null.
    if (this.numbers) this.numbers = Array.from(this.numbers, (number) => (Number.isNaN(number) ? null : number));
    if (this.kind === "number") this.makeBins();
    else if (this.kind === "text") this.findFrequent();
    this.slots = this.makeSlots();
  }

  makeSlots() {
    if (this.kind === "verdict") return Int32Array.from(this.verdicts);
    if (this.kind !== "number") return Int32Array.from(this.codes);
    const slots = new Int32Array(this.count);
    for (let row = 0; row < this.count; row += 1) slots[row] = this.codes[row] < 0 ? -1 : this.bins[this.codes[row]];
    return slots;
  }

  makeBins() {
    this.least = Infinity;
    this.greatest = -Infinity;
    for (const number of this.numbers) {
      if (number === null) continue;
      this.least = Math.min(this.least, number);
      this.greatest = Math.max(this.greatest, number);
    }
    // Halved, as the difference of the two may be larger than the largest number.
    const span = this.greatest / 2 - this.least / 2;
    this.bins = Int8Array.from(this.numbers, (number) => {
      if (number === null) return -1;
      return span > 0 ? Math.min(BARS - 1, Math.floor(((number / 2 - this.least / 2) / span) * BARS)) : 0;
    });
  }

  // The two most frequent words, unless nearly all are different.
  findFrequent() {
    const counts = new Int32Array(this.words.length);
    let valued = 0;
    let distinct = 0;
    for (const code of this.codes) {
      if (code < 0) continue;
      if (counts[code] === 0) distinct += 1;
      counts[code] += 1;
      valued += 1;
    }
    this.frequent = [];
    if (distinct * 2 > valued) return;
    let [first, second] = [-1, -1];
    for (let code = 0; code < counts.length; code += 1) {
      if (first < 0 || counts[code] > counts[first]) [first, second] = [code, first];
      else if (second < 0 || counts[code] > counts[second]) second = code;
    }
    this.frequent = [first, second].filter((code) => code >= 0);
  }

  binEnds(bin) {
    const at = (place) => this.least + (this.greatest - this.least) * (place / BARS);
    const end = bin === BARS - 1 ? this.greatest : at(bin + 1);
    return [shortNumber(at(bin)), shortNumber(end)];
  }

  // Whether a filter lets a slot pass, by slot + 1.
  passing() {
    const most = this.slots.reduce((a, b) => Math.max(a, b), 0);
    const passing = new Uint8Array(most + 2).fill(this.filter.has("any") ? 1 : 0, 1);
    for (const slot of this.filter) if (slot !== "any") passing[slot + 1] = 1;
    return passing;
  }

  word(row) {
    return this.codes[row] < 0 ? null : this.words[this.codes[row]];
  }

  // All rows in ascending order; missing values come last in both directions.
  order(descending) {
    if (!this.orders.has(descending)) this.orders.set(descending, this.sorted(descending));
    return this.orders.get(descending);
  }

  sorted(descending) {
    const ranks = this.ranks();
    const rows = Uint32Array.from({length: this.count}, (_, row) => row);
    if (this.codes === null || this.kind !== "verdict") return rows.sort(byRank(ranks, descending));
    // Within a verdict by value: like columns of values, numbers from high to low at first.
    const byValue = byRank(ranks, descending !== this.hasNumbers());
    const sign = descending ? -1 : 1;
    const isAsked = (row) => this.verdicts[row] >= 0;
    return rows.sort((a, b) => isAsked(b) - isAsked(a) || sign * (this.verdicts[a] - this.verdicts[b]) || byValue(a, b));
  }

  hasNumbers() {
    return this.words.length > 0 && this.words.every((word) => Number.isFinite(Number(word)) && word.trim() !== "");
  }

  ranks() {
    let ofWord;
    if (this.kind === "number") ofWord = this.numbers.map((number) => number ?? Infinity);
    else if (this.kind === "level") ofWord = [0, 1, 2];
    else if (this.hasNumbers()) ofWord = this.words.map(Number);
    else {
      ofWord = new Array(this.words.length);
      [...this.words.keys()]
        .sort((a, b) => collator.compare(this.words[a], this.words[b]))
        .forEach((code, rank) => { ofWord[code] = rank; });
    }
    return Array.from(this.codes, (code) => (code < 0 ? Infinity : ofWord[code]));
  }

  // How a filter on a slot is called in a chip.
  slotWords(slot) {
    if (this.index === NAME) return OUTCOMES[slot].toLowerCase();
    if (this.kind === "verdict") return `${this.title}: ${VERDICTS[slot]}`;
    if (slot === -1) return `${this.title}: none`;
    if (slot === "any") return `${this.title}: any value`;
    if (this.kind === "number") return `${this.title}: ${this.binEnds(slot).join(" to ")}`;
    return `${this.title}: ${this.words[slot]}`;
  }

  sortWords(descending) {
    if (this.kind === "verdict" && this.index !== NAME) {
      const first = descending ? "unknown first" : "met first";
      return this.hasNumbers() ? `${first}, each ${descending ? "low to high" : "high to low"}` : first;
    }
    if (this.kind === "number" || this.kind === "level") return descending ? "high to low" : "low to high";
    return descending ? "Z to A" : "A to Z";
  }
}

// The column of names, whose summary and filter are those of the outcome.
class NameColumn extends Column {
  constructor(payload) {
    super({kind: "verdict", title: "name", name: "name", verdicts: payload.outcomes, words: payload.names,
      codes: null, levels: null, condition: null}, NAME, payload.count);
  }

  word(row) {
    return this.words[row];
  }

  ranks() {
    const ranks = new Int32Array(this.count);
    [...this.words.keys()]
      .sort((a, b) => collator.compare(this.words[a], this.words[b]))
      .forEach((row, rank) => { ranks[row] = rank; });
    return ranks;
  }
}

class Candidates {
  constructor(payload) {
    this.payload = payload;
    this.count = payload.count;
    this.names = new NameColumn(payload);
    this.columns = payload.columns.map((column, index) => new Column(column, index, payload.count));
    this.evidence = new Array(this.count);
    this.loaded = 0;
    this.texts = new Array(this.count);
    this.prepared = 0;
    this.reviews = new Map();
    this.last = {tokens: [], hits: null, version: 0};
    this.version = 0;
  }

  column(index) {
    return index === NAME ? this.names : this.columns[index];
  }

  addEvidence(start, rows) {
    rows.forEach((evidence, at) => {
      const row = start + at;
      if (this.evidence[row] === undefined) this.loaded += 1;
      this.evidence[row] = evidence;
      if (row < this.prepared) this.texts[row] = this.textOf(row);
    });
    this.version += 1;
  }

  // Joined at once: a text put together with "+" would be copied when it is first searched.
  textOf(row) {
    const parts = [this.payload.names[row]];
    for (const column of this.columns) {
      if (column.codes[row] >= 0 && column.kind !== "level") parts.push(column.words[column.codes[row]]);
    }
    const evidence = this.evidence[row];
    if (evidence !== undefined) {
      const [url, , description, fields] = evidence;
      parts.push(url, description);
      for (const [, reason, sources] of fields) {
        parts.push(reason);
        for (const [title, address, , excerpts] of sources) {
          parts.push(title, address);
          for (const pieces of excerpts) parts.push(pieces.length === 1 ? pieces[0] : pieces.join(""));
        }
      }
    }
    return folded(parts.join("\n"));
  }

  // Returns true when the texts of all rows are there.
  prepareSearch(until = Infinity) {
    while (this.prepared < this.count && performance.now() < until) {
      const end = Math.min(this.count, this.prepared + 500);
      for (; this.prepared < end; this.prepared += 1) this.texts[this.prepared] = this.textOf(this.prepared);
    }
    return this.prepared === this.count;
  }

  // A row contains every word. More letters can only leave fewer rows, so that most keystrokes
  // search what is left.
  search(query) {
    const tokens = folded(query).split(/\s+/).filter(Boolean);
    if (tokens.length === 0) return null;
    this.prepareSearch();
    const {last, texts} = this;
    const narrows = last.hits !== null && last.version === this.version &&
      last.tokens.every((token) => tokens.some((each) => each.includes(token)));
    const hits = new Uint8Array(this.count);
    for (let row = 0; row < this.count; row += 1) {
      if (narrows && last.hits[row] === 0) continue;
      const text = texts[row];
      let found = 1;
      for (const token of tokens) {
        if (!text.includes(token)) {
          found = 0;
          break;
        }
      }
      hits[row] = found;
    }
    this.last = {tokens, hits, version: this.version};
    return hits;
  }

  review(row, field = null) {
    return this.reviews.get(row)?.get(field);
  }

  decision(row) {
    return this.reviews.get(row)?.get(null)?.decision ?? null;
  }

  setReview(row, judgement) {
    const {field, decision, value, note} = judgement;
    const isEmpty = decision === null && value === null && note === null;
    if (!this.reviews.has(row)) this.reviews.set(row, new Map());
    const ofRow = this.reviews.get(row);
    if (isEmpty) ofRow.delete(field);
    else ofRow.set(field, judgement);
    if (ofRow.size === 0) this.reviews.delete(row);
  }

  setReviews(reviews) {
    this.reviews.clear();
    this.addReviews(reviews);
  }

  addReviews(reviews) {
    for (const {row, ...review} of reviews) {
      const {field = null, decision = null, value = null, note = null} = review;
      this.setReview(row, {...review, field, decision, value, note});
    }
  }
}

// -- the header ------------------------------------------------------------------------------

// The header of a column: its name, and a summary that filters. It is made once and then changed
// in place, so that it keeps the focus.
class Header {
  constructor(explorer, column) {
    this.explorer = explorer;
    this.column = column;
    const isNumber = column.kind === "number";
    this.arrow = make("span", {class: "ff-arrow"});
    this.sort = make("button", {type: "button", class: "ff-sort", title: column.title},
      make("span", {class: "ff-title"}, column.title), this.arrow);
    this.sort.addEventListener("click", () => explorer.sortBy(column));
    this.summary = make("div", {class: "ff-summary"});
    this.cell = make("div", {role: "columnheader", class: `ff-th${isNumber ? " ff-right" : ""}`},
      this.sort, this.summary);
    this.toggles = [];
    if (column.kind === "verdict") this.makeVerdicts();
    else if (isNumber) this.makeHistogram();
    else if (column.kind === "level") this.makeLevels();
    else if (column.frequent.length > 0) this.makeFrequent();
    else this.makeDifferent();
  }

  toggle(slot, label, mark, kind = "ff-toggle") {
    const count = make("span", {class: "ff-n"});
    const said = words("");
    const button = make("button", {type: "button", class: kind, "aria-pressed": "false"}, mark, count, said);
    button.addEventListener("click", () => this.explorer.toggleFilter(this.column, slot));
    const toggle = {slot, button, count, said, label, suffix: ""};
    this.toggles.push(toggle);
    return toggle;
  }

  stack(classes) {
    this.segments = classes.map((name) => make("span", {class: `ff-part ${name}`}));
    return make("div", {class: "ff-stack", "aria-hidden": "true"}, ...this.segments);
  }

  makeVerdicts() {
    const {column, explorer} = this;
    const shapes = column.index === NAME ? OUTCOME_SHAPES : SHAPES;
    const said = column.index === NAME ? OUTCOMES : VERDICTS;
    this.parts = [MET, NOT_MET, UNKNOWN];
    const buttons = this.parts.map((slot) => this.toggle(slot, said[slot], explorer.shape(shapes[slot])).button);
    this.summary.append(this.stack(["ff-fill-met", "ff-fill-not", "ff-fill-none"]),
      make("div", {class: "ff-counts"}, ...buttons));
  }

  makeLevels() {
    this.parts = [2, 1, 0];
    const buttons = this.parts.map((slot) => this.toggle(slot, `${LEVELS[slot]} confidence`, pips(slot)).button);
    this.summary.append(this.stack(["ff-fill-high", "ff-fill-data", "ff-fill-none"]),
      make("div", {class: "ff-counts"}, ...buttons));
  }

  makeDifferent() {
    this.parts = ["any", -1];
    this.different = this.toggle("any", "with a value", null);
    this.none = this.toggle(-1, "without a value", null);
    this.none.suffix = " none";
    this.summary.append(this.stack(["ff-fill-data", "ff-fill-none"]),
      make("div", {class: "ff-counts"}, this.different.button, this.none.button));
  }

  makeFrequent() {
    for (const code of this.column.frequent) {
      const word = this.column.words[code];
      const toggle = this.toggle(code, word, make("span", {class: "ff-frequent-word"}, word), "ff-frequent");
      const bar = make("span", {class: "ff-frequent-bar", "aria-hidden": "true"});
      toggle.button.append(bar);
      toggle.bar = bar;
      this.summary.append(toggle.button);
    }
  }

  makeHistogram() {
    const {column, explorer} = this;
    const id = `${explorer.id}-hist-${column.index}`;
    this.cursor = 0;
    this.bars = Array.from({length: BARS}, (_, bin) => make("span",
      {role: "option", class: "ff-bar", id: `${id}-${bin}`, "aria-selected": "false"},
      make("span", {class: "ff-bar-fill"})));
    this.histogram = make("div", {class: "ff-hist", role: "listbox", tabindex: "0",
      "aria-multiselectable": "true", "aria-orientation": "horizontal",
      "aria-label": `${column.title}, histogram`}, ...this.bars);
    this.histogram.addEventListener("click", (event) => {
      const box = this.histogram.getBoundingClientRect();
      const at = Math.floor(((event.clientX - box.left) / box.width) * BARS);
      this.choose(Math.max(0, Math.min(BARS - 1, at)));
    });
    this.histogram.addEventListener("keydown", (event) => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (step !== undefined) {
        this.cursor = Math.max(0, Math.min(BARS - 1, this.cursor + step));
        this.markCursor();
      } else if (event.key === "Enter" || event.key === " ") this.choose(this.cursor);
      else return;
      used(event);
    });
    this.histogram.addEventListener("focus", () => this.markCursor());
    this.histogram.addEventListener("blur", () => this.markCursor());
    const isKnown = column.least <= column.greatest;
    this.summary.append(this.histogram, make("div", {class: "ff-ends"},
      make("span", null, isKnown ? shortNumber(column.least) : "–"),
      make("span", null, isKnown ? shortNumber(column.greatest) : "")));
  }

  choose(bin) {
    this.cursor = bin;
    this.markCursor();
    this.explorer.toggleFilter(this.column, bin);
  }

  markCursor() {
    const isFocused = this.explorer.focused() === this.histogram;
    this.bars.forEach((bar, bin) => bar.classList.toggle("ff-cursor", isFocused && bin === this.cursor));
    this.histogram.setAttribute("aria-activedescendant", this.bars[this.cursor].id);
  }

  update(counts, sort) {
    const {column} = this;
    const direction = sort?.column === column ? (sort.descending ? "descending" : "ascending") : "none";
    if (this.cell.getAttribute("aria-sort") !== direction) {
      this.cell.setAttribute("aria-sort", direction);
      this.arrow.replaceChildren(...(direction === "none" ? [] : [icon(direction === "ascending" ? "up" : "down")]));
    }
    const isFiltered = column.filter.size > 0;
    const isFaded = (slot) => isFiltered && !column.filter.has(slot);
    const get = (slot) => (slot === "any" ? counts.valued : counts.numbers[slot + 1]);
    this.segments?.forEach((segment, at) => {
      segment.style.flexGrow = get(this.parts[at]);
      segment.classList.toggle("ff-empty", get(this.parts[at]) === 0);
      segment.classList.toggle("ff-faded", isFaded(this.parts[at]));
    });
    if (this.different) {
      this.different.suffix = " different";
      this.none.button.hidden = get(-1) === 0 && !column.filter.has(-1);
    }
    for (const toggle of this.toggles) {
      const number = toggle === this.different ? counts.distinct : get(toggle.slot);
      toggle.count.textContent = number.toLocaleString("en") + toggle.suffix;
      toggle.said.textContent = toggle.suffix ? `, filter: ${toggle.label}` : ` ${toggle.label}`;
      toggle.button.setAttribute("aria-pressed", String(column.filter.has(toggle.slot)));
      if (toggle.bar) toggle.bar.style.width = `${counts.total ? (100 * number) / counts.total : 0}%`;
    }
    if (this.histogram) this.updateBars(get, isFaded);
  }

  updateBars(get, isFaded) {
    let most = 0;
    for (let bin = 0; bin < BARS; bin += 1) most = Math.max(most, get(bin));
    this.bars.forEach((bar, bin) => {
      const count = get(bin);
      const [from, to] = this.column.least <= this.column.greatest ? this.column.binEnds(bin) : ["", ""];
      bar.firstChild.style.height = most && count ? `max(2px, ${(100 * count) / most}%)` : "1px";
      bar.classList.toggle("ff-faded", isFaded(bin));
      bar.setAttribute("aria-selected", String(this.column.filter.has(bin)));
      bar.setAttribute("aria-label", `${from} to ${to}: ${counted(count, "candidate")}`);
      bar.title = `${from} to ${to}: ${count.toLocaleString("en")}`;
    });
  }
}

function used(event) {
  event.preventDefault();
  event.stopPropagation();
}

// -- the explorer ----------------------------------------------------------------------------

class Explorer {
  constructor(root, payload, {onReview = null, onEvidence = null, onView = null, savesLater = false}) {
    explorers += 1;
    this.id = `ff-explorer-${explorers}`;
    this.root = root;
    this.data = new Candidates(payload);
    this.onReview = onReview;
    this.onEvidence = onEvidence;
    this.onView = onView;
    this.shapes = new Map();
    this.headers = new Map();
    this.shown = new Map();
    this.sort = null;
    this.onlyOpen = false;
    this.order = new Uint32Array(0);
    this.chosen = payload.count > 0 ? 0 : null;
    this.undone = [];
    this.paneIsOpen = true;
    this.note = null;
    this.correction = null;
    this.waiting = new Set();
    // By candidate and field: the judgements that the kernel has not answered, oldest first.
    this.unsaved = new Map();
    this.judged = 0;
    this.refusal = null;
    this.savesLater = savesLater;
    this.data.addEvidence(0, payload.evidence);
    this.data.setReviews(payload.reviews ?? []);
    this.version = 0;
    this.places = null;
    this.build();
    this.apply();
    this.showPane();
    this.layOut();
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(this.scroller);
    this.askForEvidence();
    this.prepare();
  }

  // Between other things, so that the first letter does not wait for it.
  prepare() {
    this.preparing = setTimeout(() => {
      if (!this.data.prepareSearch(performance.now() + 12)) this.prepare();
    }, 20);
  }

  // SVG of this package, never of the data.
  shape(name) {
    if (!this.shapes.has(name)) {
      const page = new DOMParser().parseFromString(this.data.payload.shapes[name], "text/html");
      this.shapes.set(name, page.body.firstChild);
    }
    return document.importNode(this.shapes.get(name), true);
  }

  focused() {
    return this.root.getRootNode().activeElement;
  }

  build() {
    const {root, id, data} = this;
    root.classList.add("ff", "ff-explorer");
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Candidates");
    this.query = make("input", {type: "search", placeholder: "Search all text", "aria-label": "Search all text",
      autocomplete: "off", spellcheck: "false"});
    this.count = make("span", {class: "ff-count", role: "status"});
    this.chips = make("div", {class: "ff-chips"});
    this.coverage = make("span", {class: "ff-coverage"});
    this.reviewedText = make("span");
    this.reviewedBar = make("span");
    this.reviewed = make("button", {type: "button", class: "ff-reviewed", "aria-pressed": "false"},
      this.reviewedText, make("span", {class: "ff-meter", "aria-hidden": "true"}, this.reviewedBar));
    this.tools = make("div", {class: "ff-tools"},
      make("label", {class: "ff-search"}, icon("search"), this.query, make("kbd", {"aria-hidden": "true"}, "/")),
      this.count, this.chips, this.coverage, this.reviewed);

    this.headRow = make("div", {role: "row", class: "ff-tr", "aria-rowindex": "1"});
    this.headReview = make("div", {role: "columnheader", class: "ff-th ff-review"}, words("review"));
    this.head = make("div", {role: "rowgroup", class: "ff-head"}, this.headRow);
    this.rows = make("div", {role: "rowgroup", class: "ff-rows"});
    this.scroller = make("div", {role: "grid", tabindex: "0", class: "ff-grid", "aria-label": "Candidates",
      "aria-readonly": "true", "aria-colcount": data.columns.length + 2}, this.head, this.rows);
    this.empty = make("div", {class: "ff-none", hidden: true});

    this.paneText = make("div", {class: "ff-evidence", tabindex: "0", role: "group", "aria-label": "Evidence"});
    this.noteBox = make("div", {class: "ff-note", hidden: true});
    this.actions = make("div", {class: "ff-actions"});
    this.pane = make("div", {class: "ff-pane"}, this.paneText, this.noteBox, this.actions);
    this.sorted = make("span", {class: "ff-sorted"});
    this.keys = make("div", {class: "ff-keys"}, ...this.keyHelp(), this.sorted);
    this.body = make("div", {class: "ff-body"}, make("div", {class: "ff-table"}, this.scroller, this.empty), this.pane);
    root.replaceChildren(make("div", {class: "ff-frame", id}, this.tools, this.body, this.keys));
    this.makeActions();

    this.query.addEventListener("input", () => this.apply());
    this.reviewed.addEventListener("click", () => {
      this.onlyOpen = !this.onlyOpen;
      this.apply();
    });
    this.scroller.addEventListener("scroll", () => this.paint());
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest(".ff-tr");
      if (row) this.choose(Number(row.dataset.row), {open: true});
    });
    this.onKeyDown = (event) => this.key(event);
    root.addEventListener("keydown", this.onKeyDown);
  }

  // Where there is little room, those that are known or stand elsewhere are left out.
  keyHelp() {
    const keys = [
      [["↑", "↓"], "move", "wide"],
      [["a"], "accept", "review"], [["r"], "reject", "review"], [["u"], "unsure", "review"],
      [["n"], "note", "review"], [["z"], "undo", "review"],
      [["/"], "search", "wide"], [["Enter"], "evidence", ""], [["Esc"], "back", ""],
    ];
    return keys
      .filter(([, , kind]) => this.onReview !== null || !kind.includes("review"))
      .map(([letters, meaning, kind]) => make("span", {class: kind.includes("wide") ? "ff-key ff-wide" : "ff-key"},
        ...letters.map((letter) => make("kbd", null, letter)), ` ${meaning}`));
  }

  // -- layout --------------------------------------------------------------------------------

  // Find the widths of the columns, which fit what the cells hold.
  layOut() {
    // A front end may attach the explorer later; until then there are neither fonts nor sizes.
    if (this.scroller.clientWidth === 0) return;
    const context = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(this.root);
    const measure = (text, bold) => {
      context.font = `${bold ? 600 : 400} 13px ${style.fontFamily}`;
      return context.measureText(text.slice(0, 200)).width;
    };
    const {data} = this;
    if (!this.natural) {
      // The caps below are for the narrow digits of Arial.
      this.broadness = Math.max(1, measure("0") / 7.25);
      this.natural = new Map();
      for (const column of [data.names, ...data.columns]) this.natural.set(column.index, this.naturalWidth(column, measure));
    }
    const room = this.scroller.clientWidth;
    const wanted = [...this.natural.values()].reduce((sum, {width}) => sum + width, REVIEW_WIDTH);
    const isTight = wanted > room;
    const isNarrow = room < 600;
    // Names tell what a row is about, so they are cut last.
    const names = Math.max(142, 0.4 * room);
    const columns = [...this.natural].map(([index, {width, least}]) => {
      const most = index === NAME ? names : this.broadness * (isNarrow ? 90 : 126);
      const counts = this.data.column(index).kind === "number" ? 0 : least - (isNarrow ? 16 : 0);
      return {index, wanted: width, width: isTight ? Math.ceil(Math.max(Math.min(width, most), counts)) : width};
    });
    // What is left over goes to the columns that were cut.
    const over = room - REVIEW_WIDTH - columns.reduce((sum, {width}) => sum + width, 0);
    const cut = columns.reduce((sum, {wanted, width}) => sum + Math.max(0, wanted - width), 0);
    let left = REVIEW_WIDTH;
    this.places = columns.map(({index, wanted, width}) => {
      const more = over > 0 && cut > 0 ? Math.floor((over * Math.max(0, wanted - width)) / cut) : 0;
      const place = {index, left, width: width + more};
      left += place.width;
      return place;
    });
    this.nameWidth = this.places[0].width;
    this.rows.style.width = this.headRow.style.width = `max(100%, ${left}px)`;
    this.version += 1;
    this.paint();
  }

  naturalWidth(column, measure) {
    const step = Math.max(1, Math.floor(this.data.count / 400));
    let widest = 0;
    for (let row = 0; row < this.data.count; row += step) {
      const word = column.word(row);
      const shape = column.kind === "verdict" || column.kind === "level" ? 20 : 0;
      const level = column.levels?.[row] ?? -1;
      const marks = column.kind !== "level" && (level === 0 || level === 1) ? 20 : 0;
      widest = Math.max(widest, (word === null ? 8 : measure(word, column.index === NAME)) + shape + marks);
    }
    const title = measure(column.title, true) + 16;
    const least = Math.max(column.kind === "verdict" ? 90 : 112, Math.ceil(this.summaryWidth(column, measure)));
    const most = column.index === NAME ? 260 : 240;
    return {least, width: Math.ceil(Math.max(least, Math.min(most, Math.max(widest, title) + 18)))};
  }

  // How much room the counts of a header need.
  summaryWidth(column, measure) {
    const {numbers, distinct} = this.countsOf(column);
    if (column.kind === "verdict" || column.kind === "level") {
      return [1, 2, 3].reduce((sum, at) => sum + 25 + 6.5 * numbers[at].toLocaleString("en").length, 8);
    }
    if (column.kind !== "text" || column.frequent.length > 0) return 0;
    return measure(`${distinct} different ${numbers[0]} none`) * 0.85 + 40;
  }

  // -- filters -------------------------------------------------------------------------------

  toggleFilter(column, slot) {
    if (column.filter.has(slot)) column.filter.delete(slot);
    else column.filter.add(slot);
    this.apply();
  }

  clearAll() {
    for (const column of [this.data.names, ...this.data.columns]) column.filter.clear();
    this.onlyOpen = false;
    this.apply();
  }

  sortBy(column) {
    const startsHigh = column.kind === "number" || column.kind === "level";
    if (this.sort?.column !== column) this.sort = {column, descending: startsHigh};
    else if (this.sort.descending === startsHigh) this.sort = {column, descending: !startsHigh};
    else this.sort = null;
    this.apply();
  }

  // Find the rows that pass, and for each column those that only its own filter leaves out.
  apply({keepPlace = false} = {}) {
    const {data} = this;
    const before = this.placeOf(this.chosen);
    this.fails = new Uint8Array(data.count);
    this.only = new Int32Array(data.count).fill(-2);
    const hits = data.search(this.query.value);
    const {fails, only} = this;
    const fail = (row, index) => {
      fails[row] = fails[row] === 0 ? 1 : 2;
      only[row] = index;
    };
    if (hits !== null) for (let row = 0; row < data.count; row += 1) if (hits[row] === 0) fail(row, -3);
    if (this.onlyOpen) {
      for (const row of data.reviews.keys()) if (data.decision(row) !== null) fail(row, -4);
    }
    for (const column of [data.names, ...data.columns]) {
      if (column.filter.size === 0) continue;
      const passing = column.passing();
      for (let row = 0; row < data.count; row += 1) {
        if (passing[column.slots[row] + 1] === 0) fail(row, column.index);
      }
    }
    const all = this.sort === null ? null : this.sort.column.order(this.sort.descending);
    const order = new Uint32Array(data.count);
    let found = 0;
    for (let at = 0; at < data.count; at += 1) {
      const row = all === null ? at : all[at];
      if (fails[row] === 0) {
        order[found] = row;
        found += 1;
      }
    }
    this.order = order.subarray(0, found);
    this.counts = new Map();
    this.placeByRow = null;
    const isThere = this.chosen !== null && this.fails[this.chosen] === 0;
    if (!isThere) {
      const place = keepPlace && before >= 0 ? Math.min(before, found - 1) : 0;
      this.chosen = found > 0 ? this.order[place] : null;
      this.showPane();
    } else this.showPlace();
    this.rows.style.height = `${found * ROW}px`;
    this.scroller.setAttribute("aria-rowcount", found + 1);
    this.version += 1;
    this.showTools();
    this.paint();
    this.tell();
  }

  placeOf(row) {
    if (row === null) return -1;
    if (this.placeByRow === null || this.placeByRow === undefined) {
      this.placeByRow = new Int32Array(this.data.count).fill(-1);
      this.order.forEach((each, place) => { this.placeByRow[each] = place; });
    }
    return this.placeByRow[row];
  }

  // Counts obey all filters but that of the column itself.
  countsOf(column) {
    if (!this.counts.has(column.index)) {
      const {fails, only} = this;
      const {slots, index} = column;
      const isText = column.kind === "text";
      const numbers = new Int32Array((isText ? column.words.length : BARS) + 1);
      let total = 0;
      for (let row = 0; row < slots.length; row += 1) {
        if (fails[row] === 0 || (fails[row] === 1 && only[row] === index)) {
          total += 1;
          numbers[slots[row] + 1] += 1;
        }
      }
      const distinct = isText ? numbers.subarray(1).reduce((sum, number) => sum + (number > 0 ? 1 : 0), 0) : 0;
      this.counts.set(index, {numbers, total, valued: total - numbers[0], distinct});
    }
    return this.counts.get(column.index);
  }

  showTools() {
    const {data} = this;
    const found = this.order.length;
    const isAll = this.isUnfiltered();
    this.count.replaceChildren(...(isAll
      ? [counted(data.count, "candidate")]
      : [make("b", null, found.toLocaleString("en")), ` of ${data.count.toLocaleString("en")}`]));
    const chips = [];
    for (const column of [data.names, ...data.columns]) {
      for (const slot of column.filter) {
        chips.push([column.slotWords(slot), () => this.toggleFilter(column, slot)]);
      }
    }
    if (this.onlyOpen) chips.push(["not reviewed", () => this.reviewed.click()]);
    this.showChips(chips);
    let reviewed = 0;
    for (const row of data.reviews.keys()) if (data.decision(row) !== null) reviewed += 1;
    this.reviewedText.textContent =
      `${reviewed.toLocaleString("en")} of ${data.count.toLocaleString("en")} reviewed`;
    this.reviewedBar.style.width = `${data.count ? (100 * reviewed) / data.count : 0}%`;
    this.reviewed.setAttribute("aria-pressed", String(this.onlyOpen));
    this.reviewed.hidden = this.onReview === null && reviewed === 0;
    this.showSorted();
    this.empty.hidden = found > 0;
    this.empty.textContent = data.count === 0 ? "There is no candidate to show."
      : "No candidate fits the search and the filters.";
    this.showCoverage();
  }

  isUnfiltered() {
    return this.order.length === this.data.count && this.query.value.trim() === "" && !this.onlyOpen &&
      [this.data.names, ...this.data.columns].every((column) => column.filter.size === 0);
  }

  showChips(chips) {
    const had = this.chips.contains(this.focused());
    const made = chips.map(([label, remove]) => {
      const close = make("button", {type: "button", class: "ff-chip-close"}, icon("close"), words(`remove ${label}`));
      close.addEventListener("click", remove);
      return make("span", {class: "ff-chip"}, make("span", {class: "ff-chip-text", title: label}, label), close);
    });
    if (chips.length > 1) {
      const clear = make("button", {type: "button", class: "ff-plain"}, "Clear all");
      clear.addEventListener("click", () => this.clearAll());
      made.push(clear);
    }
    this.chips.replaceChildren(...made);
    if (had) (this.chips.querySelector("button") ?? this.scroller).focus({preventScroll: true});
  }

  showCoverage() {
    const {loaded, count} = this.data;
    this.coverage.textContent = loaded < count
      ? `Reasons and sources: ${loaded.toLocaleString("en")} of ${count.toLocaleString("en")} searched`
      : "";
  }

  // -- the table -----------------------------------------------------------------------------

  paint() {
    if (this.places === null) return;
    const {scroller, data} = this;
    const height = scroller.clientHeight - this.head.offsetHeight;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 4);
    const last = Math.min(this.order.length, Math.ceil((scroller.scrollTop + Math.max(height, 0)) / ROW) + 4);
    const from = scroller.scrollLeft - 260;
    const to = scroller.scrollLeft + scroller.clientWidth + 260;
    const columns = this.places.slice(1).filter(({left, width}) => left + width > from && left < to);
    this.paintHead(columns);
    const window = `${this.version}:${columns[0]?.index}:${columns.length}`;
    const kept = new Map();
    for (let place = first; place < last; place += 1) {
      const row = this.order[place];
      let made = this.shown.get(row);
      if (made === undefined || made.window !== window || made.place !== place) {
        const element = this.row(row, place, columns);
        if (made !== undefined) made.element.replaceWith(element);
        made = {element, window, place};
      }
      kept.set(row, made);
    }
    for (const [row, made] of this.shown) if (kept.get(row) !== made) made.element.remove();
    this.shown = kept;
    let before = null;
    for (const {element} of kept.values()) {
      if (element.parentNode !== this.rows || element.previousSibling !== before) {
        if (before === null) this.rows.prepend(element);
        else before.after(element);
      }
      before = element;
    }
    const isShown = this.chosen !== null && kept.has(this.chosen);
    if (isShown) scroller.setAttribute("aria-activedescendant", `${this.id}-${this.chosen}`);
    else scroller.removeAttribute("aria-activedescendant");
    if (data.count === 0) this.rows.replaceChildren();
  }

  paintHead(columns) {
    const wanted = [this.places[0], ...columns];
    const focus = this.focused();
    const cells = [this.headReview];
    const indices = new Set(wanted.map(({index}) => index));
    for (const place of this.places) {
      const header = this.headers.get(place.index);
      if (!indices.has(place.index) && !header?.cell.contains(focus)) continue;
      cells.push(this.headerOf(place).cell);
    }
    for (const cell of [...this.headRow.children]) if (!cells.includes(cell)) cell.remove();
    cells.forEach((cell, at) => {
      if (this.headRow.children[at] !== cell) this.headRow.insertBefore(cell, this.headRow.children[at] ?? null);
    });
  }

  headerOf({index, left, width}) {
    const column = this.data.column(index);
    if (!this.headers.has(index)) this.headers.set(index, new Header(this, column));
    const header = this.headers.get(index);
    header.cell.setAttribute("aria-colindex", index + 3);
    header.cell.style.width = `${width}px`;
    if (index === NAME) header.cell.classList.add("ff-name");
    else header.cell.style.left = `${left}px`;
    if (header.version !== this.version) {
      header.version = this.version;
      header.update(this.countsOf(column), this.sort);
    }
    return header;
  }

  row(row, place, columns) {
    const {data} = this;
    const decision = data.decision(row);
    const isChosen = row === this.chosen;
    const name = make("div", {role: "rowheader", class: `ff-td ff-name${decision === "reject" ? " ff-struck" : ""}`,
      "aria-colindex": 2, style: null},
      this.shape(OUTCOME_SHAPES[data.names.verdicts[row]]),
      words(`${OUTCOMES[data.names.verdicts[row]]}: `),
      make("span", {class: "ff-text"}, data.names.words[row].slice(0, 300)));
    name.style.width = `${this.nameWidth}px`;
    const made = make("div", {role: "row", class: `ff-tr${isChosen ? " ff-chosen" : ""}`, id: `${this.id}-${row}`,
      "aria-rowindex": place + 2, "aria-selected": String(isChosen), "data-row": row},
      make("div", {role: "gridcell", class: "ff-td ff-review", "aria-colindex": 1}, ...this.mark(row)), name,
      ...columns.map((each) => this.cell(row, each)));
    made.style.top = `${place * ROW}px`;
    return made;
  }

  mark(row) {
    const decision = this.data.decision(row);
    const hasNote = Boolean(this.data.review(row)?.note);
    const note = hasNote ? ", with a note" : "";
    if (decision === null) return [make("span", {class: hasNote ? "ff-dot ff-noted" : "ff-dot"}), words(`not reviewed${note}`)];
    return [make("span", {class: `ff-mark ff-${decision}`, "aria-hidden": "true"}, LETTERS[decision]),
      words(DECISIONS[decision] + note)];
  }

  cell(row, {index, left, width}) {
    const column = this.data.column(index);
    const parts = [];
    const level = column.levels[row];
    const correction = column.derived ? undefined : this.data.review(row, column.name);
    const word = correction?.value ?? column.word(row);
    if (column.kind === "verdict") {
      const verdict = column.verdicts[row];
      if (verdict < 0) parts.push(make("span", {class: "ff-missing"}, "–"), words(NOT_ASKED));
      else parts.push(this.shape(SHAPES[verdict]), words(`${VERDICTS[verdict]} `));
    }
    if (column.kind === "level") {
      if (level >= 0) parts.push(pips(level));
    }
    if (word !== null) {
      parts.push(make("span", {class: `ff-text${correction?.value != null ? " ff-corrected" : ""}`}, word.slice(0, 300)));
      if (correction?.value != null) parts.push(words(", corrected"));
    } else if (column.kind !== "verdict") parts.push(make("span", {class: "ff-missing"}, "–"));
    if (column.kind !== "level" && (level === 0 || level === 1)) {
      parts.push(pips(level), words(`, ${LEVELS[level]} confidence`));
    }
    const made = make("div", {role: "gridcell", class: `ff-td${column.kind === "number" ? " ff-right" : ""}`,
      "aria-colindex": index + 3}, ...parts);
    made.style.left = `${left}px`;
    made.style.width = `${width}px`;
    return made;
  }

  choose(row, {open = false} = {}) {
    if (open && !this.paneIsOpen) this.openPane();
    if (row === this.chosen) return;
    this.dropNote();
    this.chosen = row;
    for (const [each, {element}] of this.shown) {
      element.classList.toggle("ff-chosen", each === row);
      element.setAttribute("aria-selected", String(each === row));
    }
    this.showPane();
    this.scrollTo(row);
    this.paint();
    this.tell();
  }

  scrollTo(row) {
    const place = this.placeOf(row);
    if (place < 0) return;
    const {scroller} = this;
    const height = scroller.clientHeight - this.head.offsetHeight;
    const top = place * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + ROW > scroller.scrollTop + height) scroller.scrollTop = top + ROW - height;
  }

  move(step) {
    const {length} = this.order;
    if (length === 0) return;
    const place = this.placeOf(this.chosen);
    this.choose(this.order[Math.max(0, Math.min(length - 1, place + step))]);
  }

  // -- the pane ------------------------------------------------------------------------------

  openPane() {
    this.paneIsOpen = true;
    this.pane.hidden = false;
    this.layOut();
    this.showPane();
  }

  closePane() {
    this.dropNote();
    this.paneIsOpen = false;
    this.pane.hidden = true;
    this.layOut();
    this.scroller.focus({preventScroll: true});
  }

  makeActions() {
    if (this.onReview === null) {
      this.actions.hidden = true;
      return;
    }
    this.buttons = {};
    for (const [key, decision] of Object.entries(KEYS)) {
      const label = decision[0].toUpperCase() + decision.slice(1);
      const button = make("button", {type: "button", class: "ff-button", "aria-pressed": "false"},
        make("kbd", {"aria-hidden": "true"}, key), make("span", {class: "ff-label"}, make("u", null, label[0]), label.slice(1)));
      button.addEventListener("click", () => this.judge(decision, {advance: false}));
      this.buttons[decision] = button;
    }
    const note = make("button", {type: "button", class: "ff-button ff-plain"},
      make("kbd", {"aria-hidden": "true"}, "n"), make("span", {class: "ff-label"}, make("u", null, "N"), "ote"));
    note.addEventListener("click", () => this.openNote());
    this.actions.append(...Object.values(this.buttons), note);
  }

  showPane({keepPlace = false} = {}) {
    if (!this.paneIsOpen) return;
    const {scrollTop} = this.paneText;
    this.correction = null;
    const had = this.paneText.contains(this.focused()) && this.focused() !== this.paneText;
    const row = this.chosen;
    this.actions.hidden = this.onReview === null || row === null;
    if (row === null) {
      this.paneText.replaceChildren();
      return;
    }
    const evidence = this.data.evidence[row];
    const parts = [this.title(row, evidence)];
    if (evidence === undefined) {
      parts.push(make("p", {class: "ff-pending"}, "The evidence comes as soon as the kernel is free."));
      this.askFor(row);
    } else {
      if (evidence[2]) parts.push(make("p", {class: "ff-about"}, evidence[2]));
    }
    this.noteLine = make("div", {class: "ff-said"});
    parts.push(this.noteLine);
    if (evidence !== undefined) parts.push(...this.fields(row, evidence[3]));
    this.paneText.replaceChildren(...parts);
    this.paneText.scrollTop = keepPlace ? scrollTop : 0;
    this.showDecision();
    if (had) this.paneText.focus({preventScroll: true});
  }

  title(row, evidence) {
    const {data} = this;
    const name = data.names.words[row];
    const url = evidence?.[0];
    const title = url && isWebAddress(url) ? this.link(url, name) : make("span", null, name);
    const step = (label, name_, action) => {
      const button = make("button", {type: "button", class: "ff-icon", title: label}, icon(name_), words(label));
      button.addEventListener("click", action);
      return button;
    };
    const outcome = data.names.verdicts[row];
    this.place = make("span");
    const host = evidence?.[1];
    const head = make("div", {class: "ff-pane-head"},
      make("div", {class: "ff-pane-name"}, title),
      make("div", {class: "ff-steps"},
        step("Previous candidate", "up", () => this.stepFromPane(-1)),
        step("Next candidate", "down", () => this.stepFromPane(1)),
        step("Close the evidence", "close", () => this.closePane())));
    const line = make("div", {class: "ff-outcome"}, this.shape(OUTCOME_SHAPES[outcome]),
      ` ${OUTCOMES[outcome]} · ${host ? `${host} · ` : ""}`, this.place);
    this.showPlace();
    return make("div", null, head, line);
  }

  // The buttons are made anew with the pane, so the focus goes to the one that took its place.
  stepFromPane(step) {
    this.move(step);
    const buttons = this.paneText.querySelectorAll(".ff-steps button");
    buttons[step < 0 ? 0 : 1]?.focus({preventScroll: true});
  }

  showPlace() {
    if (this.place && this.chosen !== null) {
      const place = this.placeOf(this.chosen) + 1;
      this.place.textContent = `${place.toLocaleString("en")} of ${this.order.length.toLocaleString("en")}`;
    }
  }

  fields(row, evidence) {
    const {columns} = this.data;
    const byColumn = new Map();
    const parts = [];
    for (const field of evidence) {
      if (typeof field[0] === "number") byColumn.set(field[0], field);
      else parts.push(field);
    }
    const made = [];
    for (const column of columns) {
      if (column.derived) continue;
      const field = byColumn.get(column.index);
      if (field === undefined && column.kind !== "verdict") continue;
      made.push(this.field(row, column, field));
    }
    for (const [name, reason, sources] of parts) {
      made.push(make("div", {class: "ff-field"}, make("div", {class: "ff-field-head"}, make("b", null, name)),
        reason ? make("p", {class: "ff-reason"}, reason) : null, ...sources.map((source) => this.source(source))));
    }
    if (made.length === 0) made.push(make("p", {class: "ff-pending"}, "It was not judged, so nothing else is known."));
    return made;
  }

  field(row, column, field) {
    const level = column.levels[row];
    const isVerdict = column.kind === "verdict";
    const isAsked = isVerdict && column.verdicts[row] >= 0;
    const verdict = !isVerdict ? "" : isAsked ? VERDICTS[column.verdicts[row]] : NOT_ASKED;
    const sure = level >= 0 ? `${LEVELS[level]} confidence` : "";
    const review = this.data.review(row, column.name);
    const [, reason, sources] = field ?? [null, "", []];
    return make("div", {class: "ff-field"},
      make("div", {class: "ff-field-head"},
        isAsked ? this.shape(SHAPES[column.verdicts[row]]) : null,
        make("b", null, column.title),
        make("span", {class: "ff-sure"}, [verdict, sure].filter(Boolean).join(" · "))),
      column.condition ? make("div", {class: `ff-condition${isVerdict ? "" : " ff-flush"}`}, column.condition) : null,
      this.value(row, column, review),
      review ? this.fieldReview(review) : null,
      reason ? make("p", {class: "ff-reason"}, reason)
        : field === undefined && isAsked !== isVerdict ? null
        : field === undefined ? make("p", {class: "ff-reason"}, "It was not judged.") : null,
      ...sources.map((source) => this.source(source)),
      sources.length === 0 && field !== undefined ? make("div", {class: "ff-origin"}, "no source") : null,
      column.reading ? make("div", {class: "ff-reading"}, "Read as", make("code", null, column.reading)) : null);
  }

  // The value, and a way to correct it.
  value(row, column, review) {
    const word = column.word(row);
    const line = make("div", {class: "ff-value-line"},
      word !== null ? make("div", {class: review?.value != null ? "ff-value ff-struck" : "ff-value"}, word)
        : make("div", {class: "ff-value ff-missing"}, column.kind === "verdict" ? "" : "no value"));
    if (this.onReview === null) return word === null && column.kind === "verdict" ? null : line;
    const correct = make("button", {type: "button", class: "ff-plain ff-correct"}, "Correct", words(column.title));
    correct.addEventListener("click", () => this.openCorrection(row, column, line));
    line.append(correct);
    return line;
  }

  openCorrection(row, column, line) {
    const review = this.data.review(row, column.name);
    const input = make("input", {type: "text", class: "ff-correction", "aria-label": `Correct value of ${column.title}`,
      autocomplete: "off", spellcheck: "false", maxlength: LONGEST});
    input.value = review?.value ?? column.word(row) ?? "";
    const save = make("button", {type: "button", class: "ff-button"}, "Save");
    save.addEventListener("click", () => this.saveCorrection());
    this.correction = {row, column, input};
    line.replaceChildren(input, save);
    input.focus({preventScroll: true});
    input.select();
  }

  // A correction to the value that was found takes an earlier one back.
  saveCorrection() {
    const {row, column, input} = this.correction;
    const text = input.value.trim();
    const before = this.data.review(row, column.name) ??
      {field: column.name, decision: null, value: null, note: null};
    const value = text === "" || text === column.word(row) ? null : text;
    this.dropCorrection();
    if (value !== before.value) {
      this.record(row, {...before, value});
      this.showPane({keepPlace: true});
    }
  }

  dropCorrection() {
    this.correction = null;
    this.showPane({keepPlace: true});
    this.paneText.focus({preventScroll: true});
  }

  fieldReview({decision, value, note, reviewer}) {
    const said = [decision ? DECISIONS[decision] : null, value != null ? `corrected to ${value}` : null, note].filter(Boolean);
    return make("div", {class: "ff-said"}, `${said.join(" · ")}${reviewer ? ` (${reviewer})` : ""}`);
  }

  source([title, url, host, excerpts]) {
    const isLink = url !== "" && isWebAddress(url);
    return make("div", {class: "ff-source"},
      ...excerpts.map((pieces) => this.excerpt(pieces)),
      make("div", {class: "ff-origin"}, isLink ? this.link(url, title) : title,
        host && host !== title ? ` · ${host}` : ""));
  }

  excerpt(pieces) {
    const quote = make("blockquote", {class: "ff-quote"});
    const show = (shown) => quote.replaceChildren(
      ...shown.map((piece, at) => (at % 2 === 1 ? make("mark", null, piece) : piece)));
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length <= LONG) {
      show(pieces);
      return quote;
    }
    const before = pieces[0].length > LONG / 2 ? `…${pieces[0].slice(-LONG / 2)}` : pieces[0];
    let left = LONG - before.length;
    const rest = pieces.slice(1).map((piece) => {
      const shown = piece.slice(0, Math.max(0, left));
      left -= piece.length;
      return shown;
    });
    const all = make("button", {type: "button", class: "ff-plain"}, "Show all");
    all.addEventListener("click", () => {
      show(pieces);
      this.paneText.focus({preventScroll: true});
    });
    show(pieces.length === 1 ? [`${pieces[0].slice(0, LONG)}…`] : [before, ...rest, "", "…"].slice(0, rest.length + 1));
    quote.append(make("span", null, pieces.length === 1 ? " " : "… "), all);
    return quote;
  }

  link(url, text) {
    return make("a", {href: url, target: "_blank", rel: "noopener noreferrer"}, text);
  }

  // -- reviews -------------------------------------------------------------------------------

  showDecision() {
    const row = this.chosen;
    if (row === null) return;
    const decision = this.data.decision(row);
    if (this.buttons) {
      for (const [each, button] of Object.entries(this.buttons)) {
        button.setAttribute("aria-pressed", String(each === decision));
      }
    }
    const review = this.data.review(row);
    if (!this.noteLine) return;
    const who = [review?.reviewer, review?.reviewed_at?.slice(0, 10)].filter(Boolean).join(", ");
    const said = [];
    if (review?.note) said.push(make("span", {class: "ff-note-text"}, review.note));
    if (decision !== null && (who || this.onReview === null)) said.push(make("span", {class: "ff-who"}, `${DECISIONS[decision]}${who ? ` by ${who}` : ""}`));
    this.noteLine.replaceChildren(...said);
    this.noteLine.hidden = said.length === 0;
  }

  // Record a decision and go to the next row; the same decision once more takes it back.
  judge(decision, {advance = true} = {}) {
    const row = this.chosen;
    if (this.onReview === null || row === null) return;
    const before = this.data.review(row) ?? {field: null, decision: null, value: null, note: null};
    const isBack = before.decision === decision;
    const place = this.placeOf(row);
    const next = this.order[place + 1];
    this.record(row, {...before, decision: isBack ? null : decision});
    if (advance && !isBack && next !== undefined && this.chosen === row) this.choose(next);
  }

  record(row, judgement, {isUndo = false} = {}) {
    const field = judgement.field ?? null;
    const empty = {field, decision: null, value: null, note: null};
    const before = this.data.review(row, field) ?? empty;
    const {decision, value, note} = judgement;
    const made = {field, decision, value, note};
    // What stays is not sent, so that it undoes nothing that was recorded elsewhere.
    const changed = Object.entries(made).filter(([name, part]) => name !== "field" && part !== before[name]);
    if (changed.length === 0) return;
    if (!isUndo) this.undone.push({row, before});
    this.data.setReview(row, made);
    if (this.savesLater) this.keepUnsaved(row, made);
    this.onReview({row, field, ...Object.fromEntries(changed)});
    this.reviewsChanged();
    this.showUnsaved();
  }

  keepUnsaved(row, made) {
    const key = keyOf(row, made.field);
    this.judged += 1;
    if (!this.unsaved.has(key)) this.unsaved.set(key, []);
    this.unsaved.get(key).push({row, made, number: this.judged});
  }

  // The kernel answers in the order in which it was asked. Returns what was answered.
  answered(row, field) {
    const key = keyOf(row, field);
    const first = this.unsaved.get(key)?.shift();
    if (this.unsaved.get(key)?.length === 0) this.unsaved.delete(key);
    return first;
  }

  // The kernel has recorded a judgement, with who and when.
  confirm(reviews) {
    for (const review of reviews) {
      const {row, field = null} = review;
      const recorded = this.answered(row, field);
      // A judgement that was on its way when another was refused leaves the reason to be read.
      if (this.refusal !== null && recorded?.number > this.refusal.after) this.refusal = null;
      if (!this.unsaved.has(keyOf(row, field))) {
        // Otherwise a later judgement is on its way, and this one would undo it.
        this.data.addReviews([review]);
        if (row === this.chosen && field !== null && this.correction === null) {
          this.showPane({keepPlace: true});
        }
      }
    }
    this.reviewsChanged();
    this.showUnsaved();
  }

  // What is recorded in place of a refused judgement comes as an update.
  refuse(message, judgement) {
    if (judgement) this.answered(judgement.row, judgement.field ?? null);
    this.refusal = {message, after: this.judged};
    this.showSorted();
  }

  // Said only if it lasts, as when the kernel is busy or gone.
  showUnsaved() {
    clearTimeout(this.saying);
    const show = () => this.showSorted();
    if (this.unsaved.size === 0) show();
    else this.saying = setTimeout(show, 1000);
  }

  showSorted() {
    const sorted = this.sort === null ? ""
      : `Sorted by ${this.sort.column.title}, ${this.sort.column.sortWords(this.sort.descending)}`;
    const unsaved = this.unsaved.size > 0 ? `${counted(this.unsaved.size, "review")} waiting for the kernel` : "";
    const refused = this.refusal === null ? "" : `Not recorded: ${this.refusal.message}`;
    const said = [refused, unsaved, sorted].filter(Boolean).join(" · ");
    this.sorted.textContent = said;
    this.sorted.title = said;
  }

  undo() {
    const last = this.undone.pop();
    if (last === undefined || this.onReview === null) return;
    this.record(last.row, last.before, {isUndo: true});
    if (this.placeOf(last.row) >= 0) this.choose(last.row);
    if (last.before.field !== null) this.showPane({keepPlace: true});
  }

  reviewsChanged() {
    if (this.onlyOpen) this.apply({keepPlace: true});
    else {
      this.version += 1;
      this.showTools();
      this.paint();
    }
    this.showDecision();
  }

  openNote() {
    if (this.onReview === null || this.chosen === null) return;
    if (!this.paneIsOpen) this.openPane();
    const row = this.chosen;
    const text = make("textarea", {rows: "2", "aria-label": "Note", placeholder: "Why?", maxlength: LONGEST});
    text.value = this.data.review(row)?.note ?? "";
    const save = make("button", {type: "button", class: "ff-button"}, "Save");
    save.addEventListener("click", () => this.saveNote());
    this.note = {row, text, back: this.focused()};
    this.noteBox.replaceChildren(text, save);
    this.noteBox.hidden = false;
    text.focus({preventScroll: true});
  }

  saveNote() {
    const {row, text} = this.note;
    const note = text.value.trim() === "" ? null : text.value.trim();
    const before = this.data.review(row) ?? {field: null, decision: null, value: null, note: null};
    this.dropNote();
    if (before.note !== note) this.record(row, {...before, note});
  }

  dropNote() {
    if (this.note === null) return;
    const {back} = this.note;
    const had = this.noteBox.contains(this.focused());
    this.note = null;
    this.noteBox.hidden = true;
    this.noteBox.replaceChildren();
    if (had) (back?.isConnected && this.root.contains(back) ? back : this.scroller).focus({preventScroll: true});
  }

  update(reviews) {
    this.data.setReviews(reviews);
    // What the kernel has not recorded yet is not among them.
    for (const waiting of this.unsaved.values()) {
      const {row, made} = waiting[waiting.length - 1];
      this.data.setReview(row, made);
    }
    this.reviewsChanged();
    if (this.correction === null) this.showPane({keepPlace: true});
  }

  // -- the kernel ----------------------------------------------------------------------------

  addEvidence(start, rows) {
    this.data.addEvidence(start, rows);
    this.waiting.delete(start);
    this.showCoverage();
    if (this.chosen !== null && this.chosen >= start && this.chosen < start + rows.length) this.showPane();
    if (this.query.value.trim() !== "") this.apply();
    this.askForEvidence();
  }

  askForEvidence() {
    if (this.onEvidence === null || this.waiting.size > 0) return;
    const size = this.data.payload.chunk;
    for (let start = 0; start < this.data.count; start += size) {
      if (this.data.evidence[start] === undefined || this.data.evidence[Math.min(start + size, this.data.count) - 1] === undefined) {
        this.ask(start);
        return;
      }
    }
  }

  askFor(row) {
    if (this.onEvidence !== null) this.ask(row - (row % this.data.payload.chunk));
  }

  ask(start) {
    if (this.waiting.has(start)) return;
    this.waiting.add(start);
    this.onEvidence(start);
  }

  // Say what is chosen and what is left, but not at every keystroke.
  tell() {
    if (this.onView === null) return;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.onView({chosen: this.chosen, left: this.isUnfiltered() && this.sort === null ? null : this.order});
    }, 200);
  }

  // -- keys ----------------------------------------------------------------------------------

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const {target} = event;
    if (this.note !== null && target === this.note.text) {
      if (event.key === "Escape") this.dropNote();
      else if (event.key === "Enter" && !event.shiftKey) this.saveNote();
      else return;
    } else if (this.correction !== null && target === this.correction.input) {
      if (event.key === "Escape") this.dropCorrection();
      else if (event.key === "Enter") this.saveCorrection();
      else return;
    } else if (event.key === "Escape") {
      if (!this.back()) return;
    } else if (target === this.query) {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      this.scroller.focus({preventScroll: true});
    } else if (target.matches("input, textarea")) return;
    else if (!this.command(event.key, target)) return;
    used(event);
  }

  // Return true if the key meant something.
  command(key, target) {
    const letter = key.toLowerCase();
    const page = Math.max(1, Math.floor((this.scroller.clientHeight - this.head.offsetHeight) / ROW) - 1);
    const steps = {ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity};
    if (target === this.scroller && key in steps) this.move(steps[key]);
    else if (target === this.scroller && key === "Enter") this.read();
    else if (letter === "j" || letter === "k") this.move(letter === "j" ? 1 : -1);
    else if (key === "/") this.query.focus({preventScroll: true});
    else if (this.onReview === null) return false;
    else if (letter in KEYS) this.judge(KEYS[letter]);
    else if (letter === "n") this.openNote();
    else if (letter === "z") this.undo();
    else return false;
    return true;
  }

  read() {
    if (!this.paneIsOpen) this.openPane();
    this.paneText.focus({preventScroll: true});
  }

  // One step back: the note, the text of the search, the table, the pane.
  back() {
    const focus = this.focused();
    if (this.note !== null) this.dropNote();
    else if (focus === this.query && this.query.value !== "") {
      this.query.value = "";
      this.apply();
    } else if (focus !== this.scroller) this.scroller.focus({preventScroll: true});
    else if (this.paneIsOpen) this.closePane();
    else return false;
    return true;
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.telling);
    clearTimeout(this.saying);
    clearTimeout(this.preparing);
    this.root.removeEventListener("keydown", this.onKeyDown);
    this.root.replaceChildren();
  }
}

// Draw the explorer into an element. Without onReview it is read-only.
export function mount(root, payload, options = {}) {
  const explorer = new Explorer(root, payload, options);
  return {
    update: (reviews) => explorer.update(reviews),
    destroy: () => explorer.destroy(),
    addEvidence: (start, rows) => explorer.addEvidence(start, rows),
    reviewed: (reviews) => explorer.confirm(reviews),
    refused: (message, judgement) => explorer.refuse(message, judgement),
  };
}

const ARRAYS = {int8: Int8Array, int32: Int32Array, float64: Float64Array};

// The table as Python packs it: JSON, and a buffer with its arrays.
function unpacked(table, {buffer, byteOffset, byteLength}) {
  const payload = JSON.parse(new TextDecoder().decode(table));
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  for (const holder of [payload, ...payload.columns]) {
    for (const [name, part] of Object.entries(holder)) {
      if (part?.type in ARRAYS) holder[name] = new ARRAYS[part.type](bytes, part.start, part.length);
    }
  }
  return payload;
}

function render({model, el}) {
  const decoder = new TextDecoder();
  const root = document.createElement("div");
  el.append(root);
  // The table of saved notebooks, where the front end shows it in spite of its style sheet.
  for (const saved of document.querySelectorAll(`[data-explorer="${model.get("_saved")}"]`)) saved.style.display = "none";
  const explorer = mount(root, unpacked(model.get("_table"), model.get("_arrays")), {
    savesLater: true,
    onReview: (judgement) => model.send({kind: "review", ...judgement}),
    onEvidence: (start) => model.send({kind: "evidence", start}),
    onView: ({chosen, left}) => model.send({kind: "view", chosen, all: left === null}, undefined,
      left === null ? [] : [left.slice().buffer]),
  });
  const listen = (message, buffers) => {
    if (message.kind === "evidence") explorer.addEvidence(message.start, JSON.parse(decoder.decode(buffers[0])));
    else if (message.kind === "reviews") explorer.update(JSON.parse(decoder.decode(buffers[0])));
    else if (message.kind === "reviewed") explorer.reviewed(JSON.parse(decoder.decode(buffers[0])));
    else if (message.kind === "refused") explorer.refused(message.message, message.review);
  };
  model.on("msg:custom", listen);
  model.send({kind: "hello"});
  return () => {
    model.off("msg:custom", listen);
    explorer.destroy();
  };
}

export default {render};
