// Every page: focus on the error summary, times in the reader's own zone, printing, a status page that renews itself.
// Everything here is a comfort: without it the pages say and do the same.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const own = (navigator.languages || []).find((each) => each.split("-")[0] === root.lang.split("-")[0]) || root.lang;

  const localise = (within) => {
    for (const el of within.querySelectorAll("time[data-local]")) {
      const moment = new Date(el.dateTime);
      if (isNaN(moment)) continue;
      const style = { day: "numeric", month: el.dataset.local === "stamp" ? "short" : "long", year: "numeric" };
      if (el.dataset.local !== "day") Object.assign(style, { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
      try { el.textContent = new Intl.DateTimeFormat(own, style).format(moment); } catch { /* UTC stays */ }
    }
  };

  const fetchPage = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // The status page: ask now and then, and swap the middle when `data-changed` differs.
  const watch = async () => {
    const here = document.getElementById("watch");
    if (!here || !here.dataset.watch) return;
    if (!document.hidden) {
      try {
        const fresh = (await fetchPage(here.dataset.watch)).getElementById("watch");
        if (!fresh) return location.reload();
        if (fresh.dataset.changed !== here.dataset.changed || !fresh.dataset.watch) {
          localise(fresh);
          const title = fresh.querySelector("h1"), before = here.querySelector("h1");
          const moves = title.textContent !== before.textContent || here.contains(document.activeElement);
          here.replaceWith(fresh);
          if (moves) { title.tabIndex = -1; title.focus({ preventScroll: true }); }
        }
      } catch { /* next time */ }
    }
    setTimeout(watch, 5000);
  };

  localise(document);
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  for (const form of document.querySelectorAll("form:not(.send)")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }
  setTimeout(watch, 3000);
  window.verifierPage = { localise, fetchPage };
})();
