// [data-clock]: the server's seconds to the moment when a drop opens or ends; then what it sent for then is shown.
const words = (s) => s < 3600 ? `${s / 60 | 0}:${String(s % 60).padStart(2, "0")}` : s < 86400 ? `${s / 3600 | 0} h ${(s / 60 | 0) % 60} min` : `${s / 86400 | 0} d ${(s / 3600 | 0) % 24} h`;

for (const clock of document.querySelectorAll("[data-clock]")) {
  const ends = performance.now() + clock.dataset.left * 1000;
  const timer = setInterval(() => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    clock.textContent = words(left);
    if (left) return;
    clearInterval(timer);
    for (const each of clock.closest("[data-clock-scope]").querySelectorAll("[data-clock-turns]")) each.hidden = !each.hidden;
  }, 250);
}
