// [data-hold]: counts down the server's seconds, on a clock that the device cannot set wrong. Speaks at four marks, once
// each, for the hold that ends first. Never ends a hold: at zero it sends "hold:zero".
const marks = [300, 120, 60, 30];
let holds = [], timer;

const leftOf = (hold) => Math.max(0, Math.ceil(hold.left - (performance.now() - hold.since) / 1000));
const words = (left) => left > 120 ? `${Math.floor(left / 60)} min` : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;

function show(hold) {
  const { element } = hold, left = leftOf(hold), bar = element.querySelector("progress");
  for (const place of element.querySelectorAll("[data-hold-time]")) place.textContent = words(left);
  if (bar) bar.value = left > 120 ? left - left % 60 : left;
  if (left <= element.dataset.offer) element.dataset.extend = "";
  if (left <= 60) {
    element.className = element.className.replace("-held", "-soon");
    const title = element.querySelector("[data-hold-title]");
    if (title) title.textContent = title.dataset.soon;
  }
}

function speak(hold) {
  const left = leftOf(hold), mark = marks.filter((each) => left <= each && hold.said > each).at(-1);
  if (!mark) return;
  hold.said = mark;
  document.getElementById(mark === 60 ? "say-now" : "say").textContent = hold.element.getAttribute(`data-say-${mark}`) ?? "";
}

function tick() {
  clearTimeout(timer);
  if (!holds.length) return;
  holds.forEach(show);
  const first = holds.reduce((a, b) => leftOf(b) < leftOf(a) ? b : a);
  speak(first);
  // Seconds are rounded down: at zero, a part of one may be left.
  if (leftOf(first)) timer = setTimeout(tick, 1005 - (performance.now() - first.since) % 1000);
  else timer = setTimeout(() => document.dispatchEvent(new Event("hold:zero")), 1000);
}

function start() {
  // Of two that show one hold, the first in the page has the voice.
  holds = [...document.querySelectorAll("[data-hold]")].map((element) =>
    ({ element, left: Number(element.dataset.left), said: Number(element.dataset.left), since: performance.now() }));
  tick();
}

start();
document.addEventListener("hold:fresh", start);
document.addEventListener("htmx:afterSettle", start);
