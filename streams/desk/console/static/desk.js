// What the pages do beside htmx: countdowns, choosing, keys, dialogs, news. Pages read well without.
(() => {
  "use strict";
  const body = document.body;
  const words = body.dataset;
  const ahead = Number(words.now) - Date.now();
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // Countdowns: the server wrote them, this keeps them true.
  function span(milliseconds) {
    const minutes = Math.floor(Math.abs(milliseconds) / 60000);
    return minutes >= 48 * 60
      ? fill(words.spanD, { d: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60) })
      : fill(words.spanH, { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
  }
  function count() {
    const now = Date.now() + ahead;
    for (const each of all("time[data-due]")) {
      const rest = Number(each.dataset.due) - now;
      const text = fill(rest > 0 ? words.left : words.over, { span: span(rest) });
      if (each.textContent !== text) each.textContent = text;
      const look = rest <= 0 ? "over" : rest < 7200000 ? "soon" : rest < 43200000 ? "today" : "later";
      each.className = `left ${look}`;
    }
  }
  setInterval(count, 15000);

  // A word of what was done, or went wrong.
  let fading;
  function say(text, bad = false) {
    const toast = one("#toast");
    toast.textContent = text;
    toast.classList.toggle("bad", bad);
    clearTimeout(fading);
    fading = setTimeout(() => { toast.textContent = ""; }, bad ? 12000 : 6000);
  }

  // Fetch the page's content anew, in place.
  function renew() {
    return htmx.ajax("GET", location.pathname + location.search, {
      target: "#content", select: "#content", swap: "outerHTML",
    });
  }
  body.addEventListener("acted", (event) => {
    for (const dialog of all("dialog[open]")) dialog.close();
    say(event.detail.said);
    renew();
  });
  body.addEventListener("htmx:responseError", (event) => {
    let text = words.failed;
    try { text = JSON.parse(event.detail.xhr.responseText).detail || text; } catch { /* no problem+json */ }
    say(text, true);
  });
  body.addEventListener("htmx:sendError", () => say(words.failed, true));

  // What is open stays open when the content is fetched anew.
  let opened = [];
  body.addEventListener("htmx:beforeSwap", () => { opened = all("#content details[open][id]").map((each) => each.id); });
  body.addEventListener("htmx:afterSwap", () => {
    for (const id of opened) { const each = document.getElementById(id); if (each) each.open = true; }
    expanded();
    here();
    chosen();
    count();
  });

  function expanded() {
    one("#show-filters")?.setAttribute("aria-expanded", String(body.classList.contains("filters-shown")));
  }

  // Of bars that are wider than the window: where one is.
  function here() {
    for (const bar of all(".tabs, .top nav")) {
      const current = one("[aria-current]", bar);
      if (current) bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
    }
  }

  // Choosing rows.
  const picks = () => all('#rows input[name="id"][type="checkbox"]');
  function chosen() {
    const bar = one("#acts");
    if (!bar) return;
    const boxes = picks();
    const n = boxes.filter((box) => box.checked).length;
    bar.hidden = n === 0;
    one("[data-count]", bar).textContent = fill(n === 1 ? words.selectedOne : words.selected, { n });
    for (const box of boxes) box.closest("tr").classList.toggle("chosen", box.checked);
    const every = one("#pick-all");
    every.checked = n > 0 && n === boxes.length;
    every.indeterminate = n > 0 && n < boxes.length;
    const whole = one("#all");
    if (whole) {
      whole.closest("label").hidden = n < boxes.length;
      if (n < boxes.length) whole.checked = false;
    }
  }
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.('#rows input[name="id"]')) return;
    if (event.shiftKey && last && last.isConnected) {
      const boxes = picks();
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
    chosen();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "pick-all") for (const box of picks()) box.checked = event.target.checked;
    if (event.target.closest("#rows")) chosen();
    if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
  });
  document.addEventListener("submit", (event) => { if (event.target.id === "rows") event.preventDefault(); });

  // Dialogs, the filters of a narrow window, the menu.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.closest("#show-filters")) { body.classList.toggle("filters-shown"); expanded(); }
    for (const menu of all("details.me[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // Keys.
  const keysOn = () => localStorage.getItem("keys") !== "off";
  const box = one("#keys-on");
  if (box) box.checked = keysOn();
  function move(step) {
    if (step > 0) one("a[data-next]")?.click();
    const rows = all("tr[data-row]");
    const here = rows.indexOf(document.activeElement?.closest("tr[data-row]"));
    const row = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
    if (!row) return;
    one("a.open", row).focus();
    row.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    const field = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && field && !field.closest("dialog")) field.blur();
    if (field || one("dialog[open]")) return;
    const row = event.target.closest("tr[data-row]");
    const press = (selector) => { const button = one(selector); if (button && button.offsetParent) button.click(); };
    const does = {
      j: () => move(1),
      k: () => move(-1),
      x: () => { const pick = row && one('input[name="id"]', row); if (pick) { pick.checked = !pick.checked; last = pick; chosen(); } },
      a: () => press('[data-act="acknowledge"]'),
      s: () => press('[data-act="snooze"]'),
      "/": () => one("#q")?.focus(),
      "?": () => one("#help")?.showModal(),
    }[event.key];
    if (does) { event.preventDefault(); does(); }
  });

  // News: told, not shown; nothing jumps while somebody reads. What the content was made after, and
  // what comes of one's own acts, is no news.
  const seen = new Map();
  let renewing = false;
  function announce() {
    const shown = Number(one("#content").dataset.cursor);
    for (const [id, cursor] of seen) if (cursor <= shown) seen.delete(id);
    const news = one("#news");
    news.replaceChildren();
    if (seen.size === 0 || renewing) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = fill(seen.size === 1 ? words.newsOne : words.news, { n: seen.size });
    button.addEventListener("click", () => { renew(); one("#main").focus({ preventScroll: true }); });
    news.append(button);
  }
  body.addEventListener("acted", () => { renewing = true; });
  body.addEventListener("htmx:afterSwap", () => { renewing = false; announce(); });
  if (one("[data-live]") && "EventSource" in window) {
    const about = (id) => ["/warnings", `/warnings/${id}`].includes(location.pathname);
    const stream = new EventSource("/api/v1/events");
    stream.addEventListener("warning", (event) => {
      const { cursor, warning } = JSON.parse(event.data);
      if (!about(warning.warning_id)) return;
      seen.set(warning.warning_id, cursor);
      announce();
    });
    addEventListener("pagehide", () => stream.close());
  }
  count();
  here();
  chosen();
})();
