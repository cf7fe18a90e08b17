// [data-live]: figures of stock, asked for again as long as somebody looks. Where what can be done with the product has
// changed, the part that it is done with is fetched too, unless somebody is using it.
const all = () => [...document.querySelectorAll("[data-live]")];
let timer, since = 0, seconds = 15;

async function ask() {
  clearTimeout(timer);
  if (document.hidden || !all().length) return;
  since = performance.now();
  try {
    const asked = [...new Set(all().map((place) => place.dataset.live))].sort().join("&");
    const answer = await fetch(`/stock/?${asked}`);
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* What is shown says when it was true. */ }
  // Not all at once, and the server says how often.
  timer = setTimeout(ask, seconds * (900 + 200 * Math.random()));
}

function show(page) {
  seconds = Number(page.querySelector("[data-again]")?.dataset.again) || seconds;
  for (const place of all()) {
    const fresh = page.getElementById(place.id), buy = document.getElementById("buy");
    if (!fresh || fresh.outerHTML === place.outerHTML) continue;
    const turned = fresh.dataset.state !== place.dataset.state && buy?.contains(place);
    place.replaceWith(fresh);
    if (turned && !buy.contains(document.activeElement)) window.htmx?.ajax("GET", location.href, { target: "#buy", swap: "outerHTML" });
  }
}

// Somebody who comes back after a while sees what is true now.
document.addEventListener("visibilitychange", () => { if (performance.now() - since > seconds * 900) ask(); });
addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
timer = setTimeout(ask, seconds * (900 + 200 * Math.random()));
