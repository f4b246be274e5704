"use strict";
// The form works without this script. With it, files can be dropped, and progress and errors come without a new page.

const WAIT = 400; // Milliseconds between two looks: the server itself waits for a second before it answers.

const byId = (id) => document.getElementById(id);
document.documentElement.classList.add("script");

function fail(said) {
  byId("progress").hidden = true;
  byId("status").textContent = "";
  byId("error-said").textContent = said;
  const error = byId("error");
  error.hidden = false;
  error.focus();
  const button = document.querySelector("button[type=submit]");
  if (button) button.disabled = false;
}

function work(said) {
  byId("error").hidden = true;
  byId("progress").hidden = false;
  // A live region speaks each time that its text is set.
  if (byId("status").textContent !== said) byId("status").textContent = said;
}

async function answered(response) {
  const isJson = (response.headers.get("content-type") || "").startsWith("application/json");
  const value = isJson ? await response.json() : { error: (await response.text()).trim() };
  if (!response.ok) throw new Error(value.error || `The server answered ${response.status}.`);
  return value;
}

async function follow(address) {
  for (;;) {
    const state = await answered(await fetch(address, { headers: { Accept: "application/json" } }));
    if (state.done) break;
    work(state.said);
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
  work("Done. The verdict opens.");
  location.assign(address);
}

function said(error) {
  return error instanceof TypeError ? "The server cannot be reached, or a file cannot be read." : error.message;
}

async function send(form) {
  let bytes = 0;
  for (const input of form.querySelectorAll("input[type=file]")) {
    for (const file of input.files) bytes += file.size;
  }
  const most = Number(form.dataset.most);
  if (bytes > most) {
    fail(`The files have ${bytes.toLocaleString("en")} bytes together; at most ${most.toLocaleString("en")} can be sent.`);
    return;
  }
  form.querySelector("button[type=submit]").disabled = true;
  work("Sending");
  try {
    const options = { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } };
    const taken = await answered(await fetch(form.action, options));
    await follow(taken.verdict);
  } catch (error) {
    fail(said(error));
  }
}

function prepareDrop(zone) {
  const input = zone.querySelector("input[type=file]");
  const chosen = zone.querySelector(".chosen");
  const show = () => {
    chosen.replaceChildren(
      ...Array.from(input.files, (file) => {
        const item = document.createElement("li");
        item.textContent = `${file.name} (${file.size.toLocaleString("en")} bytes)`;
        return item;
      }),
    );
    chosen.hidden = input.files.length < 2;
  };
  const over = (event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) {
      // Files that were chosen before stay.
      const all = new DataTransfer();
      for (const file of [...input.files, ...event.dataTransfer.files]) all.items.add(file);
      input.files = all.files;
      show();
    }
  });
  input.addEventListener("change", show);
}

function preparePasted(part) {
  part.querySelector("[data-add]").addEventListener("click", (event) => {
    const boxes = part.querySelectorAll("textarea");
    const box = boxes[0].cloneNode();
    box.value = "";
    box.id = `${boxes[0].id}-${boxes.length + 1}`;
    box.setAttribute("aria-label", `Response ${boxes.length + 1}`);
    event.currentTarget.before(box);
    box.focus();
  });
}

// A file that misses the zone would replace the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());

const form = byId("ask");
if (form) {
  document.querySelectorAll("[data-drop]").forEach(prepareDrop);
  document.querySelectorAll("[data-pasted]").forEach(preparePasted);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  // The page may come back from the history with its button as it was left.
  window.addEventListener("pageshow", () => {
    form.querySelector("button[type=submit]").disabled = false;
    byId("progress").hidden = true;
    byId("status").textContent = "";
  });
  if (!byId("error").hidden) byId("error").focus();
}

const waits = document.querySelector("[data-waits]");
if (waits) follow(waits.dataset.waits).catch((error) => fail(said(error)));
