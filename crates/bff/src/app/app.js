// The plain page: who is signed in, and the days that they have data of.
"use strict";

const main = document.querySelector("main");

function add(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  main.append(element);
  return element;
}

async function ask(path, method = "GET") {
  const answer = await fetch(path, { method, headers: { "X-CSRF": "1" }, redirect: "error" });
  return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
}

async function signOut() {
  const answer = await ask("/auth/logout", "POST");
  if (answer.status === 200) location.assign(answer.body.location);
}

async function show() {
  if (location.pathname === "/signed-out") add("p", "You are signed out.");
  const me = await ask("/auth/me");
  if (me.status !== 200) {
    add("p", me.status === 401 ? "Nobody is signed in." : me.body.detail);
    const back = location.pathname === "/signed-out" ? "/" : location.pathname;
    add("a", "Sign in", { href: `/auth/login?return_to=${encodeURIComponent(back)}` });
    return;
  }
  add("p", `Signed in as ${me.body.name ?? me.body.user}.`);
  add("button", "Sign out", { type: "button" }).addEventListener("click", signOut);
  const days = await ask("/api/reports");
  if (days.status !== 200) {
    add("p", days.body.detail);
    return;
  }
  add("h2", `Days with data: ${days.body.total}`);
  for (const { date } of days.body.reports) add("p", date);
}

show().catch(() => add("p", "The page could not be loaded. Please try again."));
