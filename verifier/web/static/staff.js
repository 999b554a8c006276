// Staff pages: the fields that belong to the chosen policy, the key for *Next*, the list of keys.
(() => {
  "use strict";
  const chosen = document.querySelector("[data-shows]");
  if (chosen) {
    const fit = () => {
      for (const fields of document.querySelectorAll("[data-shown-for]")) {
        const on = fields.dataset.shownFor === chosen.value;
        fields.hidden = !on;
        fields.disabled = !on;
      }
    };
    chosen.addEventListener("change", fit);
    fit();
  }

  for (const opener of document.querySelectorAll("[data-open]")) {
    const dialog = document.getElementById(opener.dataset.open);
    if (!dialog?.showModal) continue;
    opener.hidden = false;
    opener.addEventListener("click", () => dialog.showModal());
  }

  // Single keys; whoever switched them off while reviewing has them off here too (WCAG 2.1.4).
  const areOn = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!button || !areOn()) return;
    event.preventDefault();
    button.click();
  });
})();
