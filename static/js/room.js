// [data-room]: asks again when the server said to, a little scattered, and not while nobody looks. Says what changed.
let timer;
const part = () => document.querySelector("[data-room]");
const calm = () => !["over", "missed", "shut"].includes(part().dataset.standing);

function plan(seconds) {
  clearTimeout(timer);
  if (!document.hidden && calm()) timer = setTimeout(ask, seconds * 1000 * (1 + Math.random() * .2));
}

async function ask() {
  let seconds = 10;
  try {
    const answer = await fetch(location.pathname.replace(/(take|enter|leave)\/$/, ""), { headers: { "X-Part": "1" } });
    seconds = Number(answer.headers.get("Ask-Again") ?? answer.headers.get("Retry-After")) || seconds;
    if (answer.ok) show(await answer.text());
  } catch { /* Off line: the place is kept, and the next look comes. */ }
  plan(seconds);
}

function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-room]");
  if (!fresh) return;
  const old = part(), focused = document.activeElement?.id, words = fresh.querySelector("[data-say]")?.textContent;
  const before = old.querySelector("[data-say]")?.textContent;
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus();
  if (words && words !== before && (fresh.dataset.standing !== old.dataset.standing || Number.parseInt(words, 10) <= 3)) {
    document.getElementById("say").textContent = words;
    if (fresh.dataset.standing === "turn") document.title = `${words} · Tahan`;
  }
}

addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else ask(); });
plan(Number(part().dataset.askAgain));
