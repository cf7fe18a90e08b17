// [data-hold]: counts down from the server's own number of seconds, on a clock that the device cannot set wrong.
// It speaks at five marks, once each, and only for the hold that ends first. It never ends a hold: at zero, and when the
// page comes back into view, it asks the server and shows the answer.
const marks = [300, 120, 60, 30, 0];
const loud = new Set([60, 0]);
let holds = [], timer, asking;

const words = (left) => left > 120 ? `${Math.floor(left / 60)} min` : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
const say = (text, aloud) => { if (text) document.getElementById(aloud ? "say-now" : "say").textContent = text; };
const leftOf = (hold) => Math.max(0, Math.ceil(hold.left - (performance.now() - hold.since) / 1000));

function show(hold) {
  const { element } = hold, left = leftOf(hold), bar = element.querySelector("progress");
  for (const place of element.querySelectorAll("[data-hold-time]")) place.textContent = words(left);
  if (bar) bar.value = left > 120 ? Math.floor(left / 60) * 60 : left;
  if (left <= Number(element.dataset.offer)) element.dataset.extend = "";
  if (left <= 60) {
    element.className = element.className.replace(/-held\b/, "-soon");
    const title = element.querySelector("[data-hold-title]");
    if (title && title.textContent !== title.dataset.soon) title.textContent = title.dataset.soon;
  }
  return left;
}

function speak(hold, left) {
  const mark = marks.filter((each) => left <= each && hold.said > each).at(-1);
  if (mark === undefined) return;
  hold.said = mark;
  say(hold.element.getAttribute(`data-say-${mark}`), loud.has(mark));
}

function tick() {
  clearTimeout(timer);
  if (!holds.length) return;
  const first = holds.reduce((a, b) => leftOf(b) < leftOf(a) ? b : a);
  const lefts = holds.map(show);
  speak(first, leftOf(first));
  if (lefts.some((left, i) => left === 0 && holds[i].left > 0)) return ask();
  timer = setTimeout(tick, 1000 - ((performance.now() - first.since) % 1000) + 5);
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "hold" } });
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    say("You seem to be offline. We cannot check your hold.");
  }
  asking = false;
}

function replace(page) {
  const focused = document.activeElement?.id;
  for (const { element } of holds) {
    const fresh = page.getElementById(element.id);
    if (fresh) element.replaceWith(fresh); else element.remove();
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  start();
}

function start() {
  holds = [...document.querySelectorAll("[data-hold]")].map((element) => {
    const left = Number(element.dataset.left);
    return { element, left, since: performance.now(), said: left };
  });
  // The strip stands first in the document, so where two show one hold, the strip has the voice.
  tick();
}

start();
addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
addEventListener("online", () => { if (holds.length) ask(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && holds.length) ask(); });
document.addEventListener("htmx:afterSettle", start);
