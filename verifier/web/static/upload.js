// The task page: each file is its own request with its own bar and one retry; several files fill the empty slots in
// order; cards are swapped for the server's own HTML when something changed there. The server decides everything.
(() => {
  "use strict";
  const place = document.getElementById("upload");
  const live = document.getElementById("live");
  if (!place || !window.FormData) return;
  const { localise, fetchPage } = window.verifierPage;
  const say = (text) => { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); };
  const text = (name) => place.dataset["text" + name];
  const cardOf = (slot) => place.querySelector(`[data-slot="${CSS.escape(slot)}"]`);
  const sending = new Set();   // slots with a request under way: their cards are left alone
  const queue = [];            // at most two at a time: that is what the server takes per link
  let timer = 0;

  // --- what the card shows while a file is on its way
  const show = (card, percent, words) => {
    const box = card.querySelector(".progress");
    box.hidden = false;
    const bar = box.querySelector("progress");
    if (percent === null) bar.removeAttribute("value"); else bar.value = percent;
    box.querySelector(".progress-text").textContent = words;
  };
  const settle = (card) => {
    card.classList.remove("sending");
    card.removeAttribute("aria-busy");
    card.querySelector(".progress").hidden = true;
    for (const el of card.querySelectorAll(".sends, .more, .remove")) el.hidden = false;
  };
  const fail = (card, words) => {
    settle(card);
    const problem = card.querySelector(".card-problem");
    problem.textContent = words;
    problem.hidden = false;
    card.classList.add("wrong");
    say(`${card.querySelector("h3").textContent}: ${words}`);
  };
  const begin = (card) => {
    card.classList.add("sending");
    card.classList.remove("wrong");
    card.setAttribute("aria-busy", "true");
    for (const said of card.querySelectorAll(".card-problem, .note.bad")) said.hidden = true;   // of the file before
    if (card.contains(document.activeElement)) card.focus({ preventScroll: true });   // what had it is hidden now
    for (const el of card.querySelectorAll(".sends, .more, .remove")) el.hidden = true;
    show(card, 0, text("Waiting"));
  };

  // --- one request
  const post = (job, done) => {
    const { card, url, body } = job;
    const request = new XMLHttpRequest();
    let heard = -1;
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Accept-Language", document.documentElement.lang);   // its answer is shown on this page
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return show(card, null, "");
      const percent = Math.floor(event.loaded / event.total * 100);
      const words = text("Sending").replace("{percent}", percent);
      show(card, percent, words);
      const quarter = Math.floor(percent / 25);
      if (quarter > heard) { heard = quarter; say(words); }
    };
    request.upload.onload = () => show(card, null, text("Arrived"));
    request.onerror = () => {
      if (job.retried) { done(); return fail(card, text("Lost")); }
      job.retried = true;
      show(card, null, text("Again"));
      say(text("Again"));
      setTimeout(() => post(job, done), 1500);
    };
    request.onload = () => {
      done();
      if (request.status === 201) return refresh(true);
      let problem = {};
      try { problem = JSON.parse(request.responseText); } catch { /* not ours */ }
      const words = [problem.detail || problem.title, problem.next_step].filter(Boolean).join(" ");
      fail(card, words || text("Unclear"));
      refresh(true);
    };
    request.send(body);
  };
  const pump = () => {
    while (queue.length && sending.size < 2) {
      const job = queue.shift();
      sending.add(job.slot);
      post(job, () => { sending.delete(job.slot); pump(); });
    }
  };
  const enqueue = (card, file) => {
    const form = card.querySelector("form.send");
    const body = new FormData();   // the order matters: the server reads the file only after the other fields
    for (const name of ["form_token", "slot", "replaces"]) {
      const field = form.elements[name];
      if (field) body.append(name, field.value);
    }
    body.append("file", file);
    begin(card);
    queue.push({ card, slot: card.dataset.slot, url: form.action, body });
    pump();
  };

  // --- choosing
  const isFree = (card) => ["empty", "refused"].includes(card.dataset.state) && !card.classList.contains("sending");
  const take = (input) => {
    const first = input.closest("[data-slot]");
    const files = [...input.files];
    const cards = [...place.querySelectorAll("[data-slot]")];
    const next = cards.slice(cards.indexOf(first) + 1).concat(cards.slice(0, cards.indexOf(first))).filter(isFree);
    const targets = [first, ...next];
    files.slice(0, targets.length).forEach((file, index) => enqueue(targets[index], file));
    input.value = "";
    const note = document.getElementById("upload-note");
    note.hidden = files.length <= targets.length;
    note.textContent = note.hidden ? "" : text("Surplus");
    if (!note.hidden) { note.scrollIntoView({ block: "nearest" }); say(note.textContent); }
  };
  place.addEventListener("change", (event) => {
    if (event.target.type === "file" && event.target.files.length) take(event.target);
  });
  place.addEventListener("submit", (event) => { if (event.target.matches("form.send")) event.preventDefault(); });
  const prepare = (within) => {
    for (const input of within.querySelectorAll('[data-send="file"] input[type=file]')) input.multiple = true;
    for (const input of within.querySelectorAll("input[type=file]")) input.required = false;
  };

  // --- taking over what the server says
  const swap = (old, fresh) => {
    const held = old.contains(document.activeElement);
    localise(fresh);
    prepare(fresh);
    const changed = old.dataset.say !== fresh.dataset.say;
    old.replaceWith(fresh);
    if (held && changed) fresh.focus({ preventScroll: true });
    if (changed && fresh.dataset.say) say(fresh.dataset.say);
  };
  const refresh = async (now) => {
    clearTimeout(timer);
    let busy = place.dataset.busy === "yes";
    try {
      let differs = now;
      if (!now) {
        const answer = await fetch(place.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" });
        differs = !answer.ok || (await answer.json()).changed !== place.dataset.changed;
      }
      if (differs) {
        const page = await fetchPage(place.dataset.url);
        const fresh = page.getElementById("upload");
        if (!fresh) return location.reload();
        for (const card of fresh.querySelectorAll("[data-slot]")) {
          const old = cardOf(card.dataset.slot);
          if (!old) return location.reload();
          const problem = old.querySelector(".card-problem");
          const kept = !problem.hidden && old.dataset.state === card.dataset.state;
          if (!old.classList.contains("sending") || !waits(old.dataset.slot)) { if (!kept) swap(old, card); }
        }
        const finish = page.getElementById("finish");
        const here = document.getElementById("finish");
        if (finish && !here.contains(document.activeElement)) { localise(finish); here.replaceWith(finish); }
        place.dataset.changed = fresh.dataset.changed;
        place.dataset.busy = fresh.dataset.busy;
        busy = fresh.dataset.busy === "yes";
      }
    } catch { busy = true; /* the connection is away: ask again */ }
    if (busy) timer = setTimeout(refresh, document.hidden ? 5000 : 1500);
  };
  const waits = (slot) => sending.has(slot) || queue.some((job) => job.slot === slot);

  prepare(document);
  // What was chosen before this script had arrived, on a slow connection, is sent too.
  for (const input of place.querySelectorAll("input[type=file]")) if (input.files.length) take(input);
  if (place.dataset.busy === "yes") timer = setTimeout(refresh, 1500);
  window.addEventListener("beforeunload", (event) => { if (sending.size) event.preventDefault(); });
})();
