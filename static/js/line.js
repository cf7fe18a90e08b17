// [data-line]: asks how a place in line stands when the server said to, a little scattered, and not while nobody looks.
// The address is signed: it needs no cookie, and the server no session. Says the position when it changes. A place that waits no more has another page.
const timers = new Map();
const places = () => [...document.querySelectorAll("[data-line]")];

function plan(place, seconds) {
  clearTimeout(timers.get(place.id));
  if (!document.hidden) timers.set(place.id, setTimeout(() => ask(place), seconds * 1000 * (1 + Math.random() * .2)));
}

async function ask(place) {
  let seconds = 30;
  try {
    const answer = await fetch(place.dataset.line, { credentials: "omit", headers: place.etag ? { "If-None-Match": place.etag } : {} });
    seconds = Number(answer.headers.get("Ask-Again") ?? answer.headers.get("Retry-After")) || seconds;
    if (answer.status === 200) {
      place.etag = answer.headers.get("ETag");
      show(place, await answer.text());
    }
  } catch { /* Off line: the place is kept, and the next look comes. */ }
  plan(place, seconds);
}

function show(place, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-line-said]");
  const old = place.querySelector("[data-line-said]");
  if (!fresh || !old) return;
  if (fresh.dataset.state !== "WAITING") return location.reload();
  const position = (part) => part.querySelector("[data-line-position]").textContent;
  if (position(fresh) !== position(old)) document.getElementById("say").textContent = position(fresh);
  old.replaceWith(fresh);
}

document.addEventListener("visibilitychange", () => places().forEach((place) => document.hidden ? clearTimeout(timers.get(place.id)) : ask(place)));
places().forEach((place) => plan(place, Number(place.dataset.askAgain)));
