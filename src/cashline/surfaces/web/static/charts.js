// Charts: the library is loaded only where a chart stands; colours come from the tokens, in both themes.
"use strict";
(() => {
  const { $, $$ } = window.cashline;
  const drawn = new Map();
  const loaded = {};
  const load = (src) => (loaded[src] ??= new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed }));
  }));

  const probe = document.createElement("span");
  probe.hidden = true;
  const token = (name) => {
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const TONES = { success: "chart-6", danger: "chart-5", warning: "chart-3", info: "chart-1", accent: "chart-4", neutral: "chart-7" };
  const colour = (series, place) => token(TONES[series.tone] || `chart-${(place % 8) + 1}`);
  const language = document.documentElement.lang;
  const currency = (unit) => /^[A-Z]{3}$/.test(unit);
  const written = (unit, value) => {
    if (value === null || value === undefined) return "—";
    if (currency(unit)) return new Intl.NumberFormat(language, { style: "currency", currency: unit }).format(value);
    return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value) + (unit === "%" ? "%" : unit ? ` ${unit}` : "");
  };
  const short = (unit, value) => {
    const small = Math.abs(value) < 10000 && Number.isInteger(value);
    const options = small ? { maximumFractionDigits: 0 } : { notation: "compact", maximumFractionDigits: 1 };
    if (currency(unit)) Object.assign(options, { style: "currency", currency: unit, currencyDisplay: "narrowSymbol" });
    return new Intl.NumberFormat(language, options).format(value).replace("-", "−") + (unit === "%" ? "%" : "");
  };
  const brief = (unit, value) => short(unit, Math.abs(value) < 10000 ? Math.round(value) : value);
  const number = (text) => (text === null ? null : Number(text));

  const common = (data) => ({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: token("text-2") },
    grid: { left: 4, right: 12, top: data.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: { show: data.series.length > 1, top: 0, left: 0, itemWidth: 8, itemHeight: 8, icon: "circle", itemGap: 16, textStyle: { color: token("text-2") } },
    tooltip: {
      trigger: "axis", axisPointer: { type: data.kind === "line" || data.kind === "area" ? "line" : "shadow", lineStyle: { color: token("line-strong") }, shadowStyle: { color: token("bg-active"), opacity: 0.4 } },
      backgroundColor: token("bg-float"), borderColor: token("line"), padding: [8, 12], extraCssText: "border-radius:8px;font-variant-numeric:tabular-nums",
      textStyle: { color: token("text"), fontSize: 12 }, valueFormatter: (value) => written(data.unit, value),
    },
  });
  // Names of few categories stand a word to a line where they have little room; of many only those are written that fit.
  const axes = (data, room) => {
    const few = data.categories.length <= 8;
    const across = data.kind === "bar_across";
    const longest = Math.max(...data.categories.map((name) => name.length));
    const narrow = !across && longest * 7 > (room - 64) / data.categories.length;
    const fit = few ? { interval: 0, hideOverlap: !across, formatter: narrow ? (name) => name.replaceAll(" ", "\n") : undefined } : { interval: "auto", hideOverlap: true };
    const names = { type: "category", data: data.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-strong") } }, axisLabel: { color: token("text-3"), alignMinLabel: data.kind === "line" || data.kind === "area" ? "left" : undefined, ...fit } };
    const values = { type: "value", splitNumber: 4, splitLine: { lineStyle: { color: token("line-soft") } }, axisLabel: { color: token("text-3"), formatter: (value) => short(data.unit, value) } };
    // The library takes the names of bars for narrower than the browser draws them.
    if (across) return { grid: { ...common(data).grid, left: 4 + longest }, yAxis: { ...names, inverse: true }, xAxis: values };
    return { xAxis: { ...names, boundaryGap: data.kind !== "line" && data.kind !== "area" }, yAxis: values };
  };

  const bars = (data, room) => ({
    ...common(data), ...axes(data, room),
    series: data.series.map((one, place) => ({
      type: "bar", name: one.name, data: one.values.map(number), stack: one.stack || undefined, barMaxWidth: 28, barCategoryGap: "38%",
      itemStyle: { color: colour(one, place), borderRadius: one.stack ? 0 : data.kind === "bar_across" ? [0, 3, 3, 0] : [3, 3, 0, 0] }, emphasis: { focus: data.series.length > 1 ? "series" : "none" },
    })),
  });
  const lines = (data, room) => ({
    ...common(data), ...axes(data, room),
    series: data.series.map((one, place) => ({
      type: "line", name: one.name, data: one.values.map(number), stack: one.stack || undefined, symbol: "circle", symbolSize: 6, showSymbol: false, connectNulls: false,
      lineStyle: { width: 2, color: colour(one, place), type: one.dashed ? "dashed" : "solid" }, itemStyle: { color: colour(one, place) },
      areaStyle: data.kind === "area" && !one.dashed ? { color: colour(one, place), opacity: 0.12 } : undefined,
    })),
  });
  const waterfall = (data, room) => {
    const steps = data.series[0].values.map(number);
    const levels = new Set(data.totals.length ? data.totals : [0, steps.length - 1]);
    let level = 0;
    const spans = steps.map((step, place) => {
      const from = levels.has(place) ? 0 : level;
      level = levels.has(place) ? step : level + step;
      return { from, to: level, step, total: levels.has(place) };
    });
    const paint = (span) => token(span.total ? "chart-7" : span.step < 0 ? "chart-5" : "chart-6");
    const base = common(data);
    const bar = (values) => ({ type: "bar", stack: "all", barMaxWidth: 44, barCategoryGap: "32%", data: values });
    return {
      ...base, ...axes(data, room), legend: { show: false }, grid: { ...base.grid, top: 24 },
      tooltip: { ...base.tooltip, formatter: ([first]) => `${data.categories[first.dataIndex]}<br><b>${written(data.unit, spans[first.dataIndex].step)}</b>` },
      series: [
        { ...bar(spans.map((span) => (span.from * span.to < 0 ? 0 : Math.abs(span.from) < Math.abs(span.to) ? span.from : span.to))), itemStyle: { color: "transparent" }, silent: true, tooltip: { show: false } },
        {
          ...bar(spans.map((span) => ({ value: Math.abs(span.to - span.from), itemStyle: { color: paint(span), borderRadius: 3 } }))),
          label: { show: room / steps.length > 48, position: "top", color: token("text-2"), fontSize: 11, formatter: (one) => brief(data.unit, spans[one.dataIndex].step) },
          labelLayout: { hideOverlap: true },
        },
      ],
    };
  };
  const sankey = (data) => {
    const names = [...new Set(data.flows.flatMap((flow) => [flow.source, flow.target]))];
    const base = common(data);
    return {
      ...base, tooltip: { ...base.tooltip, trigger: "item" },
      series: [{
        type: "sankey", left: 4, right: 90, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 14, draggable: false, emphasis: { focus: "adjacency" },
        data: names.map((name, place) => ({ name, itemStyle: { color: token(`chart-${(place % 8) + 1}`), borderWidth: 0 } })),
        links: data.flows.map((flow) => ({ ...flow, value: number(flow.value) })),
        lineStyle: { color: "gradient", opacity: 0.28, curveness: 0.5 }, label: { color: token("text"), fontSize: 12 },
      }],
    };
  };
  const OPTIONS = { bar: bars, bar_across: bars, line: lines, area: lines, waterfall, sankey };

  const inner = (place) => {
    // The library empties its element: it draws in a child.
    let canvas = $(".canvas", place);
    if (!canvas) place.append((canvas = Object.assign(document.createElement("div"), { className: "canvas" })));
    return canvas;
  };

  const dense = async (place, data) => {
    if (!$("link[data-uplot-css]")) {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: document.body.dataset.uplotCss }));
      document.head.lastElementChild.dataset.uplotCss = "";
    }
    await load(document.body.dataset.uplot);
    const when = data.categories.map((text) => Date.parse(text) / 1000);
    const axis = { stroke: token("text-3"), grid: { stroke: token("line-soft"), width: 1 }, ticks: { show: false }, font: `11px ${getComputedStyle(document.body).fontFamily}` };
    const options = {
      width: place.clientWidth, height: place.clientHeight - 28,
      axes: [axis, { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => short(data.unit, tick)) }],
      series: [{}, ...data.series.map((one, number_) => ({ label: one.name, stroke: colour(one, number_), width: 1.5, value: (_, value) => written(data.unit, value) }))],
    };
    const chart = new uPlot(options, [when, ...data.series.map((one) => one.values.map(number))], place);
    return { resize: () => chart.setSize({ width: place.clientWidth, height: place.clientHeight - 28 }), dispose: () => chart.destroy() };
  };

  const draw = async (place) => {
    const data = JSON.parse(place.dataset.chart);
    drawn.get(place)?.dispose();
    if (data.kind === "dense") drawn.set(place, await dense(inner(place), data));
    else {
      await Promise.all([load(document.body.dataset.echarts), document.fonts.load(`12px ${getComputedStyle(document.body).fontFamily}`)]); // labels are measured in their font
      const chart = echarts.init(inner(place), null, { renderer: "svg" });
      const option = () => OPTIONS[data.kind](data, place.clientWidth);
      chart.setOption(option());
      if (data.urls.length) chart.on("click", (event) => data.urls[event.dataIndex] && location.assign(data.urls[event.dataIndex]));
      drawn.set(place, { resize: () => (chart.resize(), chart.setOption(option())), dispose: () => chart.dispose() });
    }
    place.classList.add("drawn");
  };
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target).catch(() => entry.target.closest("figure")?.querySelector("details")?.setAttribute("open", ""));
    }
  }, { rootMargin: "200px" });
  const resized = new ResizeObserver((entries) => entries.forEach((entry) => drawn.get(entry.target)?.resize()));
  const find = (root) => $$("[data-chart]", root).forEach((place) => (near.observe(place), resized.observe(place)));
  find(document);
  document.addEventListener("cashline:new", (event) => find(event.detail));
  document.addEventListener("cashline:theme", () => [...drawn.keys()].forEach((place) => place.isConnected && draw(place)));
})();
