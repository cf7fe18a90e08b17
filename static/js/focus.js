// [data-focus]: takes the focus when the page or a part of it arrives, so that an answer is not missed.
const take = () => document.querySelector("[data-focus]")?.focus();
take();
document.addEventListener("htmx:afterSettle", take);
