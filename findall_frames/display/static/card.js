// The progress card of a run that goes on. All words come from Python; texts enter as text.

const make = (tag, name, ...children) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children);
  return element;
};

// Text that has not changed is not set again: a screen reader would repeat it.
const say = (element, words) => {
  if (element.textContent !== words) element.textContent = words;
  element.hidden = words === "";
};

// Keeps keys from JupyterLab, which would insert a cell for an A. It looks for this at the focused
// element before any of those around it.
const focusable = (tag, name, ...children) => {
  const element = make(tag, name, ...children);
  element.dataset.lmSuppressShortcuts = "true";
  return element;
};

const button = (onClick, name = "") => {
  const element = focusable("button", name);
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
};

const link = ([name, address]) => {
  if (!address) return document.createTextNode(name);
  const element = focusable("a", "", name);
  element.href = address;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
};

// Replaces the children only if what they show has changed, so that a focused link stays.
const keeper = (element) => {
  let shown = "";
  return (values, children) => {
    const now = JSON.stringify(values);
    if (now === shown) return;
    shown = now;
    element.replaceChildren(...children());
  };
};

const render = ({ model, el }) => {
  const question = make("div", "ff-question");
  const shape = make("span", "");
  const word = make("span", "");
  word.setAttribute("role", "status");
  const fill = make("div", "ff-fill");
  const bar = make("div", "ff-bar", fill);
  bar.setAttribute("role", "progressbar");
  const lead = make("div", "ff-lead");
  const time = make("div", "ff-time");
  const facts = make("div", "");
  const latest = make("div", "ff-fact");

  let wish = null;
  const ask = (wanted) => {
    wish = wanted;
    model.send({ wish: wanted });
    draw();
  };
  let isAsking = false;
  const turn = (asking, focused) => {
    isAsking = asking;
    draw();
    focused.focus();
  };
  const leave = button(() => ask("leave"));
  const cancel = button(() => turn(true, keep));
  const keep = button(() => turn(false, cancel), "ff-solid");
  const confirm = button(() => {
    isAsking = false;
    ask("cancel");
  });
  const title = make("strong", "");
  const meaning = make("span", "");
  const warning = make("div", "ff-ask", title, " ", meaning);
  const hint = make("div", "ff-fact");
  hint.hidden = true;
  const list = make("dl", "");
  const details = make("details", "ff-details", focusable("summary", "", "Details"), list);
  const buttons = make("div", "ff-buttons", keep, confirm, leave, cancel);
  const foot = make("div", "ff-foot", buttons, details);
  const card = make(
    "div",
    "ff ff-card tex2jax_ignore mathjax_ignore",
    make("div", "ff-row", question, make("div", "ff-state", shape, word)),
    bar,
    make("div", "ff-row", lead, time),
    facts,
    latest,
    hint,
    warning,
    foot,
  );
  card.setAttribute("role", "group");
  card.setAttribute("aria-label", "Search");
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isAsking) return;
    event.stopPropagation();
    turn(false, cancel);
  });

  const keepShape = keeper(shape);
  const keepFacts = keeper(facts);
  const keepLatest = keeper(latest);
  const keepList = keeper(list);

  const drawBar = (view) => {
    fill.className = `ff-fill ff-${view.tone}${view.share === null ? " ff-sliding" : ""}`;
    fill.style.width = view.share === null ? "" : `${100 * view.share}%`;
    bar.setAttribute("aria-label", view.word);
    bar.setAttribute("aria-valuetext", view.lead);
    if (view.share === null) {
      bar.removeAttribute("aria-valuenow");
    } else {
      bar.setAttribute("aria-valuenow", String(Math.round(100 * view.share)));
    }
  };

  const drawButtons = (view) => {
    const areShown = model.get("clicks");
    say(leave, areShown && !isAsking ? view.buttons[wish === "leave" ? "left" : "leave"] : "");
    const cancelled = wish === "cancel" ? "cancelled" : "cancel";
    say(cancel, areShown && !isAsking ? view.buttons[cancelled] : "");
    say(keep, areShown && isAsking ? view.buttons.keep : "");
    say(confirm, areShown && isAsking ? view.buttons.confirm : "");
    leave.disabled = wish === "leave";
    cancel.disabled = wish === "cancel";
    warning.hidden = !(areShown && isAsking);
    say(title, view.cancel[0]);
    say(meaning, view.cancel[1]);
    say(hint, !areShown && model.get("silent") ? view.hint : "");
  };

  const draw = () => {
    const view = model.get("card");
    say(question, view.question);
    // The drawings are constants of the package.
    keepShape(view.shape, () => [document.createRange().createContextualFragment(view.shape)]);
    say(word, view.word);
    drawBar(view);
    say(lead, view.lead);
    say(time, view.time);
    keepFacts(view.facts, () => view.facts.map((fact) => make("div", "ff-fact", fact)));
    latest.hidden = view.latest.length === 0;
    keepLatest(view.latest, () => [
      "Latest: ",
      ...view.latest.flatMap((found, n) => (n ? [", ", link(found)] : [link(found)])),
    ]);
    details.hidden = view.details.length === 0;
    keepList(view.details, () =>
      view.details.flatMap(([name, value]) => [
        make("dt", "", name),
        make("dd", "", make("code", "", value)),
      ]),
    );
    drawButtons(view);
  };

  // Python asks while the cell runs; the answer shows it that clicks arrive as well.
  const answer = (message) => {
    if ("probe" in message) model.send({ answer: message.probe });
  };
  const names = ["change:card", "change:clicks", "change:silent"];
  for (const name of names) model.on(name, draw);
  model.on("msg:custom", answer);
  draw();
  el.replaceChildren(card);
  return () => {
    for (const name of names) model.off(name, draw);
    model.off("msg:custom", answer);
  };
};

export default { render };
