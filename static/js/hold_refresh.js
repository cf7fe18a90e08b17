// [data-hold]: asks the server about the holds on this page, at zero and when the page comes back into view or on line,
// and shows its answer. Only the answer may say that a hold has ended.
let asking;
const holds = () => [...document.querySelectorAll("[data-hold]")];
const say = (text) => { if (text) document.getElementById("say-now").textContent = text; };

async function ask() {
  if (asking || !holds().length) return;
  asking = true;
  try {
    const answer = await fetch(location.href);
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    say("You seem to be offline. We cannot check your hold.");
  }
  asking = false;
}

function show(page) {
  const focused = document.activeElement?.id;
  let ended;
  for (const element of holds()) {
    const fresh = page.getElementById(element.id);
    if (!fresh?.matches("[data-hold]")) ended ??= element.dataset.sayEnded;
    if (fresh) element.replaceWith(fresh); else element.remove();
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  say(ended);
  document.dispatchEvent(new Event("hold:fresh"));
}

document.addEventListener("hold:zero", ask);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
addEventListener("online", ask);
