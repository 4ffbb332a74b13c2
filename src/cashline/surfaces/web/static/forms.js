// Forms and lists: lines added and removed, looked-up values, dropped files with progress, picked rows.
"use strict";
(() => {
  const { $, $$ } = window.cashline;

  // --- lines ---
  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-line]");
    if (add) {
      const lines = add.closest("[data-lines]");
      const used = $$("tbody tr", lines).flatMap((row) => $$("[name]", row).map((one) => Number(one.name.split("-")[1])));
      const next = Math.max(-1, ...used) + 1;
      const fresh = document.createElement("template");
      fresh.innerHTML = $("template", lines).innerHTML.replaceAll("__n__", String(next));
      const row = fresh.content.querySelector("tr");
      $("tbody", lines).append(row);
      $("input:not([type=hidden]), select, textarea", row)?.focus();
      return;
    }
    const drop = event.target.closest("[data-drop-line]");
    if (drop) {
      const row = drop.closest("tr");
      const beside = row.nextElementSibling || row.previousElementSibling;
      if (!beside) return $$("input, select, textarea", row).forEach((one) => (one.value = ""));
      row.remove();
      beside.dispatchEvent(new Event("change", { bubbles: true }));
      $("input:not([type=hidden]), select", beside)?.focus();
    }
  });

  // --- lookups (the combobox pattern of WAI-ARIA) ---
  let pause;
  const close = (input, list) => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (box, option) => {
    const input = $("[role=combobox]", box);
    const kept = $("input[type=hidden]", box);
    kept.value = option.dataset.value;
    input.value = option.dataset.label;
    close(input, $("[role=listbox]", box));
    kept.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-lookup]");
    if (!box || event.target.type === "hidden") return;
    const input = event.target;
    const list = $("[role=listbox]", box);
    $("input[type=hidden]", box).value = "";
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const address = new URL(box.dataset.lookup, location.href);
      address.searchParams.set("q", input.value);
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      list.innerHTML = await answer.text();
      $$("[role=option]", list).forEach((one, number) => (one.id = `${list.id}-${number}`));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    }, 150);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("[data-lookup]");
    if (!box) return;
    const list = $("[role=listbox]", box);
    const all = $$("[role=option][data-value]", list);
    const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "Escape" && !list.hidden) return event.preventDefault(), close(event.target, list);
    if (list.hidden || !all.length) return;
    if (event.key === "Enter" && now >= 0) return event.preventDefault(), choose(box, all[now]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = all[(now + step + all.length) % all.length];
    all.forEach((one) => one.setAttribute("aria-selected", String(one === next)));
    event.target.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[data-lookup] [role=option][data-value]");
    if (option) return event.preventDefault(), choose(option.closest("[data-lookup]"), option);
  });
  document.addEventListener("focusout", (event) => {
    const box = event.target.closest?.("[data-lookup]");
    if (box) close($("[role=combobox]", box), $("[role=listbox]", box));
  });

  // --- files: dropped or chosen; the form is sent with its progress shown ---
  const named = (drop) => {
    const file = $("input[type=file]", drop).files[0];
    $(".drop-state", drop).hidden = !file;
    if (file) $("[data-drop-name]", drop).textContent = `${file.name} · ${Math.max(1, Math.round(file.size / 1024)).toLocaleString()} kB`;
  };
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const drop = event.target.closest?.("[data-drop]");
      if (!drop) return;
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) {
        $("input[type=file]", drop).files = event.dataTransfer.files;
        named(drop);
      }
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-drop] input[type=file]")) named(event.target.closest("[data-drop]"));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const bar = $("[data-drop] progress", form);
    if (!bar || event.defaultPrevented || !$("[data-drop] input[type=file]", form).files.length) return;
    event.preventDefault();
    const sending = new XMLHttpRequest();
    sending.open("POST", event.submitter?.formAction || form.action);
    // As htmx asks: where it leads comes as a header, so that the sentence of the outcome waits for the page that shows it.
    sending.setRequestHeader("HX-Request", "true");
    sending.upload.addEventListener("progress", (step) => (bar.value = step.total ? (100 * step.loaded) / step.total : 0));
    sending.addEventListener("error", () => window.cashline.toast(document.body.dataset.offline));
    sending.addEventListener("load", () => {
      if (sending.status < 400) return location.assign(sending.getResponseHeader("HX-Redirect") || sending.responseURL);
      const page = new DOMParser().parseFromString(sending.responseText, "text/html");
      const main = page.querySelector("main");
      if (main) $("main").replaceChildren(...main.childNodes);
      else window.cashline.toast(document.body.dataset.failed);
      $("[data-focus]")?.focus();
    });
    sending.send(new FormData(form, event.submitter));
  });

  // --- picked rows ---
  const picked = () => {
    const boxes = $$("[data-pick]");
    const on = boxes.filter((box) => box.checked).length;
    const bar = $("[data-bulk]");
    const all = $("[data-pick-all]");
    if (!bar || !all) return;
    bar.hidden = !on;
    const count = $("[data-bulk-count]", bar);
    count.textContent = `${on} ${count.dataset.words}`;
    all.checked = on > 0 && on === boxes.length;
    all.indeterminate = on > 0 && on < boxes.length;
  };
  let last;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (box && event.shiftKey && last?.isConnected) {
      const boxes = $$("[data-pick]");
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
    }
    if (box) last = box;
    if (event.target.closest("[data-pick-none]")) $$("[data-pick]").forEach((one) => (one.checked = false));
    if (box || event.target.closest("[data-pick-none]")) picked();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) $$("[data-pick]").forEach((one) => (one.checked = event.target.checked));
    if (event.target.matches("[data-pick-all], [data-pick]")) picked();
  });
})();
