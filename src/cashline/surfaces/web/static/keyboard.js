// The keyboard: g and a letter to go somewhere, / to filter, j and k through rows, the key of an action, Ctrl-K, ? for help.
"use strict";
(() => {
  const { $, $$ } = window.cashline;
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  // --- rows ---
  const rows = () => $$("[data-rows] tbody tr");
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.classList.contains("at"));
    const next = all[Math.max(0, Math.min(all.length - 1, now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step))];
    all.forEach((row) => row.classList.toggle("at", row === next));
    ($("a.row-link", next) || $("input", next))?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-rows] tbody tr");
    if (row) rows().forEach((one) => one.classList.toggle("at", one === row));
  });

  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return event.preventDefault(), openPalette();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (leader && Date.now() - leader < 1500) {
      leader = 0;
      const place = $(`[data-go="${CSS.escape(event.key)}"]`);
      if (place) return event.preventDefault(), location.assign(place.href);
    }
    const own = event.key.length === 1 && $(`[data-key="${CSS.escape(event.key)}"]`);
    const act = {
      g: () => (leader = Date.now()),
      "/": () => $("[data-filter]")?.focus(),
      "?": () => $("#keys")?.showModal(),
      j: () => move(1),
      k: () => move(-1),
      x: () => $("[data-rows] tr.at [data-pick]")?.click(),
      e: () => $(".page-head .page-actions .button:not([aria-disabled])")?.focus(),
    }[event.key] ?? (own && (() => own.click()));
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- palette ---
  const palette = $("#palette");
  const input = palette && $("input", palette);
  const list = palette && $("#palette-list");
  const options = () => $$("[role=option]", list);
  const recent = () => {
    try { return JSON.parse(localStorage.getItem("cashline.recent") || "[]"); } catch { return []; }
  };
  const remember = (option) => {
    const { url, label, icon } = option.dataset;
    const kept = [{ url, label, icon }, ...recent().filter((one) => one.url !== url)].slice(0, 5);
    try { localStorage.setItem("cashline.recent", JSON.stringify(kept)); } catch { /* a private window keeps nothing */ }
  };
  const select = (option) => {
    options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const follow = (option, elsewhere) => {
    if (!option?.dataset.url) return;
    remember(option);
    palette.close();
    if (elsewhere) open(option.dataset.url, "_blank");
    else location.assign(option.dataset.url);
  };
  const showRecent = () => {
    const places = recent();
    if (input.value || !places.length) return;
    const sprite = $("use", palette).getAttribute("href").split("#")[0];
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", palette.dataset.recentLabel);
    const title = Object.assign(document.createElement("div"), { className: "palette-group", textContent: palette.dataset.recentLabel });
    title.setAttribute("aria-hidden", "true");
    group.append(title);
    places.forEach((place, number) => {
      const item = Object.assign(document.createElement("div"), { className: "palette-item", id: `palette-recent-${number}` });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      Object.assign(item.dataset, place);
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("class", "icon");
      svg.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `${sprite}#${place.icon || "file-text"}`);
      svg.append(use);
      item.append(svg, Object.assign(document.createElement("span"), { className: "cut", textContent: place.label }));
      group.append(item);
    });
    list.prepend(group);
  };
  const openPalette = () => {
    if (!palette || palette.open) return;
    input.value = "";
    palette.showModal();
    input.focus();
    htmx.trigger(input, "open");
  };
  if (palette) {
    document.addEventListener("click", (event) => event.target.closest("[data-palette]") && openPalette());
    list.addEventListener("click", (event) => follow(event.target.closest("[role=option]"), event.metaKey || event.ctrlKey));
    list.addEventListener("mousemove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && option.getAttribute("aria-selected") !== "true") select(option);
    });
    list.addEventListener("htmx:afterSwap", () => (showRecent(), select(options()[0])));
    input.addEventListener("keydown", (event) => {
      const all = options();
      const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown") select(all[(now + 1) % all.length]);
      else if (event.key === "ArrowUp") select(all[(now - 1 + all.length) % all.length]);
      else if (event.key === "Enter") follow(all[now], event.metaKey || event.ctrlKey);
      else return;
      event.preventDefault();
    });
  }
})();
