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
    say(document.getElementById("say-now").dataset.offline);
  }
  asking = false;
}

function show(page) {
  const focused = document.activeElement?.id;
  let ended;
  const groups = new Set();
  for (const element of holds()) {
    if (!page.getElementById(element.id)?.matches("[data-hold]")) ended ??= element.dataset.sayEnded;
    // Where a total hangs on the holds, [data-hold-group] around them is shown anew as a whole.
    groups.add(element.closest("[data-hold-group]") ?? element);
  }
  for (const group of groups) {
    const fresh = page.getElementById(group.id);
    if (fresh) group.replaceWith(fresh); else group.remove();
    if (fresh) window.htmx?.process(fresh);
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  say(ended);
  document.dispatchEvent(new Event("hold:fresh"));
}

document.addEventListener("hold:zero", ask);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
addEventListener("online", ask);
