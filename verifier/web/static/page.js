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
      const isClock = el.dataset.local === "clock";
      const style = isClock ? {} : { day: "numeric", month: el.dataset.local === "stamp" ? "short" : "long", year: "numeric" };
      if (el.dataset.local !== "day") Object.assign(style, { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
      try { el.textContent = new Intl.DateTimeFormat(own, style).format(moment); } catch { /* UTC stays */ }
    }
  };

  const fetchPage = async (url, heard = () => {}) => {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    heard(answer.url);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // A page that waits: ask now and then, and swap `#watch` when `data-changed` differs. Where `data-page` differs too,
  // it is another page by now, and is gone to. Many looks without a change are made less often.
  let looks = 0;
  const watch = async () => {
    const here = document.getElementById("watch");
    if (!here || !here.dataset.watch) return;
    if (!document.hidden) {
      try {
        let url = here.dataset.watch;
        const fresh = (await fetchPage(url, (at) => { url = at; })).getElementById("watch");
        if (!fresh || fresh.dataset.page !== here.dataset.page) return location.replace(url);
        if (fresh.dataset.changed !== here.dataset.changed || !fresh.dataset.watch) {
          localise(fresh);
          const title = fresh.querySelector("h1"), before = here.querySelector("h1");
          const moves = title && (title.textContent !== before.textContent || here.contains(document.activeElement));
          looks = 0;
          here.replaceWith(fresh);
          if (moves) { title.tabIndex = -1; title.focus({ preventScroll: true }); }
        }
      } catch { /* next time */ }
    }
    looks += 1;
    setTimeout(watch, Math.max(every(), looks > 60 ? 15000 : looks > 15 ? 4000 : 0));
  };
  const every = () => (document.getElementById("watch")?.dataset.every || 5) * 1000;

  localise(document);
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    const before = [...button.childNodes].map((node) => node.cloneNode(true));
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        button.textContent = button.dataset.done;
        setTimeout(() => { button.replaceChildren(...before); }, 2500);
      } catch {
        source.select?.();
      }
    });
  }
  for (const form of document.querySelectorAll("form:not(.send)")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }
  setTimeout(watch, Math.min(every(), 3000));
  window.verifierPage = { localise, fetchPage };
})();
