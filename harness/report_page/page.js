'use strict';
// Draws the charts of the report from its model with Chart.js, again whenever the colours change.

const model = JSON.parse(document.getElementById('model').textContent);
const pointStyles = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'cross', 'crossRot', 'rectRounded'];
const failedShown = 12;
const manyPoints = 400;
const dayMs = 24 * 3600 * 1000;
const dayTicks = 6;

function drawAll() {
  drawScores();
  for (const kata of new Set(model.first_pass.map((row) => row.kata))) drawFirstPass(kata);
  model.ladder.forEach((row, first) => drawLadder(first));
  drawFailed();
}

function drawScores() {
  const series = new Map();
  for (const score of model.scores) {
    if (!series.has(score.kata)) series.set(score.kata, []);
    series.get(score.kata).push({x: Date.parse(score.day), y: score.percent});
  }
  const all = [...series].map(([label, data]) => ({label, data}));
  draw('scores', timeChart(all, 'score, %', {max: 100}));
}

function drawFirstPass(kata) {
  const all = [];
  for (const row of model.first_pass.filter((candidate) => candidate.kata === kata)) {
    const data = row.times.map((time) => ({x: Date.parse(time.day), y: time.minutes}));
    const par = row.par_minutes === null ? '' : ` (par ${row.par_minutes})`;
    all.push({label: `level ${row.level}${par}`, data, showLine: true});
  }
  draw(`first-pass-${kata}`, timeChart(all, 'minutes', {}));
}

// The problems of the kernel and machine that begin at row `first`; other rows have no canvas.
function drawLadder(first) {
  const {kernel, machine} = model.ladder[first];
  const rows = model.ladder.filter((row) => row.kernel === kernel && row.machine === machine);
  const all = rows.map((row) => ({
    label: row.problem,
    data: row.runs.map((run) => ({x: Date.parse(run.day), y: run.speed})),
    showLine: true,
  }));
  draw(`ladder-${first}`, timeChart(all, 'times LibTorch\'s speed', {}));
}

function drawFailed() {
  const rows = model.failed.slice(0, failedShown);
  draw('failed', {
    type: 'bar',
    data: {
      labels: rows.map((row) => `${row.kata} ${row.level}: ${row.behaviour}`),
      datasets: [{data: rows.map((row) => row.points_lost), backgroundColor: colour('series-1')}],
    },
    options: {
      ...common(),
      indexAxis: 'y',
      plugins: {legend: {display: false}},
      scales: {
        x: axis('points lost', {beginAtZero: true}),
        y: {...axis('', {}), ticks: {color: colour('ink'), autoSkip: false, callback: shortLabel}},
      },
    },
  });
}

// A long name would leave no room for the bars of a narrow screen.
function shortLabel(value) {
  const label = this.getLabelForValue(value);
  const room = Math.max(14, Math.floor(this.chart.width / 18));
  return label.length <= room ? label : '…' + label.slice(label.length - room + 1);
}

// Points over days; `series` is a list of {label, data: [{x, y}], …}.
function timeChart(series, title, limits) {
  const count = series.reduce((sum, one) => sum + one.data.length, 0);
  const radius = count > manyPoints ? 1.5 : 4;
  const datasets = series.map((one, i) => ({
    ...one,
    borderColor: colour(`series-${i % 8 + 1}`),
    backgroundColor: colour(`series-${i % 8 + 1}`),
    pointStyle: pointStyles[i % pointStyles.length],
    pointRadius: radius,
    borderWidth: 1.5,
    clip: false,
  }));
  return {
    type: 'scatter',
    data: {datasets},
    options: {
      ...common(),
      plugins: {
        legend: {labels: {color: colour('ink'), usePointStyle: true}},
        tooltip: {callbacks: {label: (item) => `${item.dataset.label}: ${item.raw.y} on ${day(item.raw.x)}`}},
      },
      scales: {x: dayAxis(series), y: axis(title, {beginAtZero: true, ...limits})},
    },
  };
}

// Ticks at whole days, with a day's room on either side.
function dayAxis(series) {
  const days = series.flatMap((one) => one.data.map((point) => point.x));
  const first = days.reduce((a, b) => Math.min(a, b)) - dayMs;
  const last = days.reduce((a, b) => Math.max(a, b)) + dayMs;
  const step = Math.ceil((last - first) / dayMs / dayTicks) * dayMs;
  const limits = {type: 'linear', min: first, max: last};
  const ticks = {color: colour('faint'), maxRotation: 50, stepSize: step, callback: day};
  return {...axis('', limits), ticks};
}

function day(value) {
  return new Date(value).toISOString().slice(0, 10);
}

function axis(text, limits) {
  return {
    ...limits,
    title: {display: text !== '', text, color: colour('faint')},
    ticks: {color: colour('faint')},
    grid: {color: colour('line')},
  };
}

function common() {
  return {animation: false, responsive: true, maintainAspectRatio: false};
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Where there is nothing to draw the page has a sentence and no canvas.
function draw(id, config) {
  const canvas = document.getElementById(id);
  if (!canvas) return;
  Chart.getChart(canvas)?.destroy();
  new Chart(canvas, config);
}

function openForPrint() {
  for (const details of document.querySelectorAll('details')) details.open = true;
  drawAll();
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
matchMedia('print').addEventListener('change', drawAll);
addEventListener('beforeprint', openForPrint);
