// Reviewing: one page at a time with zoom and turning, the next page fetched ahead, keys for everything, a countdown of
// the claim, and five seconds in which an approval can be taken back before it is sent. The server decides everything.
(() => {
  "use strict";
  const viewer = document.querySelector(".viewer");
  const form = document.getElementById("decision");
  if (!viewer || !form) return;
  const sheets = [...viewer.querySelectorAll(".sheet")];
  const tabs = [...viewer.querySelectorAll(".strip button")];
  const where = viewer.querySelector(".where");
  const lease = document.getElementById("lease");
  const turns = sheets.map(() => 0);
  let current = 0, zoom = 1, leaseEnd = new Date(lease.dataset.until).getTime();

  // --- pages: an image that is hidden and lazy is not fetched; the server knows what was fetched, and this tab what of
  // that was only fetched ahead, so that "seen" means seen after a reload too
  const ahead = {
    read: () => { try { return new Set(JSON.parse(sessionStorage.getItem("ahead"))); } catch { return new Set(); } },
    change: (index, is) => {
      const names = ahead.read(), name = sheets[index]?.querySelector("img")?.getAttribute("src");
      if (!name || (is && tabs[index].querySelector(".seen").dataset.seen === "yes")) return;
      if (is) names.add(name); else names.delete(name);
      try { sessionStorage.setItem("ahead", JSON.stringify([...names])); } catch { /* then a reload shows it as seen */ }
    },
  };
  const fetchNow = (index) => { const image = sheets[index]?.querySelector("img"); if (image) image.loading = "eager"; };
  const lay = () => {
    const sheet = sheets[current];
    if (!sheet) return;
    const image = sheet.querySelector("img"), stage = sheet.querySelector(".stage"), turn = sheet.querySelector(".turn");
    if (!image.naturalWidth) return;
    const lying = turns[current] % 180 !== 0;
    const [w, h] = lying ? [image.naturalHeight, image.naturalWidth] : [image.naturalWidth, image.naturalHeight];
    const fit = Math.min((stage.clientWidth - 2) / w, (stage.clientHeight - 2) / h);
    turn.style.width = `${w * fit * zoom}px`;
    turn.style.height = `${h * fit * zoom}px`;
    image.style.width = `${image.naturalWidth * fit * zoom}px`;
    image.style.transform = `translate(-50%, -50%) rotate(${turns[current]}deg)`;
  };
  const show = (index) => {
    if (index < 0 || index >= sheets.length) return;
    current = index;
    zoom = 1;
    sheets.forEach((sheet, at) => { sheet.hidden = at !== index; });
    tabs.forEach((tab, at) => tab.setAttribute("aria-current", String(at === index)));
    tabs[index].scrollIntoView({ block: "nearest", inline: "nearest" });
    where.textContent = viewer.dataset.textPage.replace("{number}", index + 1).replace("{count}", sheets.length);
    fetchNow(index);
    lay();
  };
  const unseen = () => tabs.filter((tab) => tab.querySelector(".seen").dataset.seen !== "yes").length;
  const arrived = (index) => {
    leaseEnd = Date.now() + lease.dataset.seconds * 1000;
    const mark = tabs[index].querySelector(".seen");
    if (index !== current) return;
    mark.dataset.seen = "yes";
    mark.textContent = mark.dataset.textSeen;
    ahead.change(index, false);
    ahead.change(index + 1, true);
    fetchNow(index + 1);
    lay();
  };
  const unshown = ahead.read();
  sheets.forEach((sheet, index) => {
    const image = sheet.querySelector("img");
    if (unshown.has(image.getAttribute("src"))) {
      const mark = tabs[index].querySelector(".seen");
      mark.dataset.seen = "no";
      mark.textContent = "";
    }
    image.addEventListener("load", () => arrived(index));
    image.addEventListener("error", () => { sheet.querySelector(".turn").textContent = viewer.dataset.textBroken; });
    tabs[index].addEventListener("click", () => { show(index); if (image.complete && image.naturalWidth) arrived(index); });
  });
  const step = (by) => { show(current + by); const image = sheets[current]?.querySelector("img"); if (image?.complete && image.naturalWidth) arrived(current); };
  const actions = {
    previous: () => step(-1),
    next: () => step(1),
    in: () => { zoom = Math.min(zoom * 1.4, 8); lay(); },
    out: () => { zoom = Math.max(zoom / 1.4, 1); lay(); },
    fit: () => { zoom = 1; lay(); },
    left: () => { turns[current] -= 90; lay(); },
    right: () => { turns[current] += 90; lay(); },
  };
  for (const button of viewer.querySelectorAll("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);
  viewer.querySelector(".tools").hidden = false;
  viewer.querySelector(".strip").hidden = sheets.length < 2;
  window.addEventListener("resize", lay);

  // --- the decision: only what belongs to the chosen outcome; an approval waits for five seconds
  const bar = form.querySelector(".undo"), warning = form.querySelector(".unseen");
  const chosen = () => form.elements.outcome.value;
  const fit = () => {
    for (const part of form.querySelectorAll("[data-for]")) {
      const on = part.dataset.for.split(" ").includes(chosen());
      part.hidden = !on;
      part.disabled = !on;
    }
    const few = chosen() === "approve" && unseen() > 0;
    warning.hidden = !few;
    warning.textContent = few ? form.dataset.textUnseen : "";
  };
  form.addEventListener("change", fit);
  let timer = 0;
  const undo = () => { clearInterval(timer); timer = 0; bar.hidden = true; delete form.dataset.sent; document.getElementById("decide").focus(); };
  form.addEventListener("submit", (event) => {
    if (timer) return event.preventDefault();
    if (chosen() !== "approve" || form.dataset.go) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    let left = Number(form.dataset.undo);
    const tell = () => { bar.querySelector("p").textContent = form.dataset.textUndo.replace("{seconds}", left); };
    tell();
    bar.hidden = false;
    bar.querySelector("button").focus();
    timer = setInterval(() => {
      left -= 1;
      if (left > 0) return tell();
      clearInterval(timer);
      timer = 0;
      form.dataset.go = "yes";
      form.requestSubmit();
    }, 1000);
  }, true);
  bar.querySelector("button").addEventListener("click", undo);
  // The focus goes to what comes next, not to the choice: there the arrow that turns the page would choose another one.
  const following = { approve: "decide", escalate: "decide", reject: "reasons", resubmit: "documents" };
  const choose = (outcome) => {
    const radio = form.querySelector(`[name=outcome][value=${outcome}]`);
    if (!radio) return;
    radio.checked = true;
    fit();
    document.getElementById(following[outcome])?.focus();
  };

  // --- keys; they can be switched off in their list (WCAG 2.1.4)
  const keys = document.getElementById("keys"), on = document.getElementById("keys-on");
  try { on.checked = localStorage.getItem("keys") !== "off"; } catch { /* private window */ }
  on.addEventListener("change", () => { try { localStorage.setItem("keys", on.checked ? "on" : "off"); } catch { /* same */ } });
  const bound = {
    ArrowLeft: actions.previous, ArrowRight: actions.next, "+": actions.in, "=": actions.in, "-": actions.out,
    0: actions.fit, "[": actions.left, "]": actions.right,
    a: () => choose("approve"), r: () => choose("reject"), s: () => choose("resubmit"), e: () => choose("escalate"),
    m: () => document.getElementById("note").focus(), d: () => form.requestSubmit(),
    u: () => { if (timer) undo(); }, "?": () => keys.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !on.checked || keys.open) return;
    const at = event.target;
    if (at.matches("textarea, select, input:not([type=checkbox], [type=radio])")) return;
    if (at.matches("[type=radio]") && event.key.startsWith("Arrow")) return;
    if (at.matches(".stage") && event.key.startsWith("Arrow") && zoom > 1) return;
    const act = bound[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // --- the claim
  const count = () => {
    const left = Math.max(0, Math.round((leaseEnd - Date.now()) / 1000));
    if (left === 0) { lease.textContent = lease.dataset.over; lease.setAttribute("role", "alert"); return; }
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    lease.textContent = lease.dataset.text.replace("{left}", clock);
    setTimeout(count, 1000);
  };
  count();
  fit();
  show(0);
  viewer.querySelector(".sheets").classList.add("ready");
  if (sheets[0]?.querySelector("img").complete && sheets[0].querySelector("img").naturalWidth) arrived(0);
})();
