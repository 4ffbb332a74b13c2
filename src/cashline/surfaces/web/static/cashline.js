// The frame's behaviour: htmx glue, dialogs, drawer, menus, toasts, theme, navigation. No inline scripts, no eval.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const body = document.body;

  // --- toasts ---
  const toast = (text, tone = "danger") => {
    const one = $("#toast-template").content.firstElementChild.cloneNode(true);
    one.dataset.tone = tone;
    $("[data-text]", one).textContent = text;
    $("#toasts").append(one);
    fade(one);
    return one;
  };
  const fade = (one) => {
    if (one.dataset.tone === "danger") return; // errors stay until they are dismissed
    setTimeout(() => one.remove(), 7000);
  };
  $$("#toasts .toast").forEach(fade);

  // --- htmx ---
  document.addEventListener("htmx:beforeRequest", () => document.documentElement.classList.add("htmx-busy"));
  document.addEventListener("htmx:afterRequest", () => document.documentElement.classList.remove("htmx-busy"));
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters } = event.detail;
    if (!elt.matches("form[data-clean]")) return;
    const now = new URLSearchParams(location.search);
    for (const key of ["sort", "size"]) if (now.get(key)) parameters[key] = now.get(key);
    for (const [key, value] of Object.entries(parameters)) if (value === "" || value.length === 0) delete parameters[key];
  });
  document.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    const text = new DOMParser().parseFromString(answer.responseText || "", "text/html");
    const said = $$("[data-code]", text).map((p) => p.textContent.trim()).join(" ");
    toast(said || body.dataset.failed);
  });
  document.addEventListener("htmx:sendError", () => toast(body.dataset.offline));
  document.addEventListener("htmx:timeout", () => toast(body.dataset.offline));
  document.addEventListener("toast", (event) => toast(event.detail.text || event.detail.value, event.detail.tone || "info"));
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.elt?.hasAttribute("data-to-top")) scrollTo({ top: 0 });
    document.dispatchEvent(new CustomEvent("cashline:new", { detail: event.detail.target }));
  });

  // --- filters: every change asks for the list again ---
  let pause;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-clean]");
    if (!form) return;
    clearTimeout(pause);
    pause = setTimeout(() => htmx.trigger(form, "filter"), event.target.type === "search" ? 250 : 60);
  });

  // --- clicks ---
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    let one;
    if ((one = at("[data-dialog]"))) {
      one.closest("details.menu")?.removeAttribute("open");
      return document.getElementById(one.dataset.dialog)?.showModal();
    }
    if ((one = at("[data-close]"))) return one.closest("dialog").close();
    if ((one = at("[data-dismiss]"))) return one.closest(".toast").remove();
    if ((one = at("[data-refused]"))) return toast(one.dataset.refused, "warning");
    if (at("[data-nav-open]")) return navigation(!document.documentElement.classList.contains("nav-open"));
    if (at("[data-nav-close]")) return navigation(false);
    if ((one = at("[data-theme-choice]"))) return theme(one.dataset.themeChoice);
    if ((one = at("a[data-drawer]")) && !modified(event)) return event.preventDefault(), drawer(one.href);
    if ((one = at("a[data-export]"))) {
      const query = new URLSearchParams(location.search);
      query.set("format", one.dataset.export);
      query.delete("after");
      one.href = `${location.pathname}?${query}`;
      one.closest("details").open = false;
      return;
    }
    if (event.target.matches("dialog")) { // a click on the backdrop
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
      return;
    }
    const row = at("tr[data-url]");
    if (row && !at("a, button, input, label, summary") && !String(getSelection())) {
      if (modified(event)) open(row.dataset.url, "_blank");
      else location.assign(row.dataset.url);
    }
  });
  const modified = (event) => event.metaKey || event.ctrlKey || event.shiftKey;

  // Menus and filters close when one looks elsewhere.
  document.addEventListener("click", (event) => {
    for (const open of $$("details.menu[open], details.filter[open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of $$("details.menu[open], details.filter[open]")) {
      open.open = false;
      $("summary", open).focus();
    }
    navigation(false);
  });

  // --- drawer: why is it this amount? ---
  const drawer = (address) => {
    const place = $("#drawer-body");
    place.innerHTML = '<span class="skeleton"></span>';
    $("#drawer").showModal();
    htmx.ajax("GET", address, { target: "#drawer-body", swap: "innerHTML" });
  };

  // --- navigation on narrow screens ---
  const navigation = (open) => {
    const root = document.documentElement;
    if (root.classList.contains("nav-open") === open) return;
    root.classList.toggle("nav-open", open);
    const button = $("[data-nav-open]");
    button?.setAttribute("aria-expanded", String(open));
    if (open) $(".side a")?.focus();
    else button?.focus();
  };

  // --- theme: kept in a cookie, so that the server renders it and nothing flashes ---
  const theme = (chosen) => {
    const root = document.documentElement;
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${chosen}; path=/; max-age=${chosen ? 31536000 : 0}; samesite=lax${secure}`;
    for (const button of $$("[data-theme-choice]")) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    document.dispatchEvent(new CustomEvent("cashline:theme"));
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("cashline:theme")));

  // --- forms: confirm, send once ---
  let sure = null; // the button whose question was answered with yes
  const askFirst = (form, button) => {
    const dialog = $("#sure");
    const yes = $("[data-sure]", dialog);
    $("h2", dialog).textContent = yes.textContent = button.textContent.trim();
    $("[data-text]", dialog).textContent = button.dataset.confirm;
    yes.className = button.classList.contains("danger") ? "button danger sure" : "button primary";
    yes.onclick = () => {
      dialog.close();
      sure = button;
      form.requestSubmit(button);
    };
    dialog.showModal();
  };
  document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirm;
    if (asked && sure !== event.submitter) return event.preventDefault(), askFirst(event.target, event.submitter);
    sure = null;
    if (event.target.method === "post") {
      event.target.classList.add("busy");
      setTimeout(() => event.target.classList.remove("busy"), 8000);
    }
  });
  addEventListener("pageshow", () => $$("form.busy").forEach((form) => form.classList.remove("busy")));
  $("[data-focus]")?.focus();
  for (const here of $$(".thread [aria-current]")) { // the document of the page stands in sight in a long thread
    const [row, step] = [here.closest(".thread"), here.closest(".thread > li")];
    row.scrollLeft = step.offsetLeft - (row.clientWidth - step.offsetWidth) / 2;
  }
  $(".nav-item[aria-current]")?.scrollIntoView({ block: "nearest" });

  window.cashline = { toast, $, $$ };
})();
