// The page of the API: everything on it is made from openapi.json, and the key never leaves its memory.

let key = "";
let description;

const KEY = "Idempotency-Key";
const fresh = () => crypto.randomUUID?.() ?? `${Date.now()}`;
const $ = (id) => document.getElementById(id);

/** An element with its properties and children; text is text, never markup. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const code = (text) => make("code", {}, text);

/** Text in which `...` is code; an empty line begins a paragraph. */
function prose(text) {
  return text.split(/\n\n+/).map((part) => make("p", {}, ...spans(part)));
}

function spans(text) {
  return text.split("`").map((part, place) => (place % 2 ? code(part) : part));
}

function named(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, ...description.components.schemas[name] } : schema ?? {};
}

/** What a schema says of its type, in a few words. */
function type(schema) {
  const found = named(schema);
  if (found.enum) return found.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.anyOf) return found.anyOf.map(type).join(" | ");
  if (found.type === "array") return `list of ${type(found.items)}`;
  const bounds = [];
  if (found.minimum !== undefined || found.maximum !== undefined) {
    bounds.push(`${found.minimum ?? ""}…${found.maximum ?? ""}`);
  }
  if (found.maxLength) bounds.push(`≤ ${found.maxLength} characters`);
  if (found.format) bounds.push(found.format);
  return [found.name ?? found.type ?? "anything", ...bounds].join(" ");
}

/** A value that would do, to begin from. */
function example(schema, name = "") {
  const found = named(schema);
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  if (found.anyOf) return found.anyOf.some((each) => each.type === "null") ? null : example(found.anyOf[0], name);
  if (found.type === "object" || found.properties) {
    const required = new Set(found.required ?? []);
    return Object.fromEntries(
      Object.entries(found.properties ?? {})
        .filter(([each]) => required.has(each))
        .map(([each, inner]) => [each, example(inner, each)]),
    );
  }
  if (found.type === "array") return [example(found.items, name.replace(/s$/, ""))];
  if (found.type === "integer") return { seconds: 1800 }[name] ?? found.minimum ?? 0;
  if (found.type === "number") return { percent: 40 }[name] ?? found.minimum ?? 0;
  if (found.type === "boolean") return false;
  return name.toUpperCase() || "TEXT";
}

function fields(schema) {
  const found = named(schema);
  const required = new Set(found.required ?? []);
  const rows = Object.entries(found.properties ?? {}).map(([name, inner]) =>
    make("tr", {},
      make("td", {}, code(name), required.has(name) ? "" : make("span", { className: "quiet" }, " optional")),
      make("td", { className: "quiet" }, type(inner)),
      make("td", {}, ...spans(inner.description ?? ""))));
  return rows.length ? table(["field", "type", ""], rows) : make("p", { className: "quiet" }, type(schema));
}

function table(heads, rows) {
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows));
}

function input(id, parameter) {
  const { schema } = parameter;
  const choices = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  const label = { id, "aria-label": parameter.name, name: parameter.name };
  if (choices) return make("select", label, make("option", { value: "" }, ""), ...choices.map((each) => make("option", {}, each)));
  const start = parameter.name === KEY && parameter.required ? fresh() : "";
  const hint = schema.default ?? (schema.format === "date-time" ? "2026-11-25T17:00:00Z" : "");
  return make("input", { ...label, value: start, placeholder: `${hint}`, required: parameter.required, spellcheck: false });
}

function operation(method, path, one) {
  const id = one.operationId;
  const inputs = one.parameters.map((parameter) => [parameter, input(`${id}-${parameter.name}`, parameter)]);
  const schema = one.requestBody?.content["application/json"].schema;
  const body = schema && make("textarea", { "aria-label": "Body, JSON", spellcheck: false, value: JSON.stringify(example(schema), null, 2) });
  const answer = make("div", { role: "status", "aria-live": "polite" });
  const form = make("form", {},
    inputs.length ? make("h3", {}, "Parameters") : null,
    inputs.length ? table(["name", "value", ""], inputs.map(([parameter, field]) =>
      make("tr", {},
        make("td", {}, code(parameter.name), parameter.required ? "" : make("span", { className: "quiet" }, " optional")),
        make("td", {}, field),
        make("td", {}, ...spans(parameter.description ?? ""), make("div", { className: "quiet" }, type(parameter.schema)))))) : null,
    schema ? make("h3", {}, "Body") : null, body,
    schema ? make("details", {}, make("summary", { className: "quiet" }, `Fields of ${named(schema).name ?? "the body"}`), fields(schema)) : null,
    make("div", { className: "row" }, make("button", {}, "Send"), make("button", { type: "button", className: "plain", onclick: () => show(answer, make("pre", {}, curl(request()))) }, "as curl")),
    answer);

  function request() {
    const query = new URLSearchParams();
    const headers = {};
    let where = path;
    for (const [parameter, field] of inputs) {
      if (parameter.in === "path") where = where.replace(`{${parameter.name}}`, encodeURIComponent(field.value));
      else if (field.value === "") continue;
      else if (parameter.in === "query") query.set(parameter.name, field.value);
      else headers[parameter.name] = field.value;
    }
    if (body) headers["Content-Type"] = "application/json";
    const tail = query.size ? `?${query}` : "";
    return { method: method.toUpperCase(), url: `${description.servers[0].url}${where}${tail}`, headers, body: body?.value };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = inputs.find(([parameter, field]) => parameter.name === KEY && parameter.required)?.[1];
    if ((await send(request(), answer)) && key) key.value = fresh(); // a lost answer is asked for with the same one
  });

  return make("details", { className: "operation", id },
    make("summary", {},
      make("span", { className: `verb ${method.toUpperCase()}` }, method.toUpperCase()),
      make("span", { className: "path" }, path),
      make("span", { className: "what" }, one.summary)),
    make("div", { className: "inner" },
      make("p", { className: "quiet" }, ...spans(one.description)), form,
      make("h3", {}, "Answers"),
      table(["status", "", ""], Object.entries(one.responses).map(([status, response]) => answered(status, response)))));
}

function answered(status, response) {
  const [media, content] = Object.entries(response.content ?? {})[0] ?? ["", {}];
  const form = content.schema?.$ref ? named(content.schema) : null;
  const shown = form && form.name !== "Problem"
    ? make("details", {}, make("summary", { className: "quiet" }, form.title ?? form.name), fields(content.schema))
    : make("span", { className: "quiet" }, media);
  return make("tr", {}, make("td", { className: status < 400 ? "good" : "" }, status), make("td", {}, response.description), make("td", {}, shown));
}

const show = (place, ...what) => place.replaceChildren(...what);

function curl({ method, url, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl -sS -X ${method} ${quoted(location.origin + url)}`, `-H "Authorization: Bearer $KEY"`];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

async function send({ method, url, headers, body }, place) {
  show(place, make("p", { className: "quiet" }, "Asking…"));
  const stop = new AbortController();
  try {
    const answer = await fetch(url, { method, headers: authorised(headers), body, signal: stop.signal });
    const head = make("p", {}, make("span", { className: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.statusText}`),
      make("span", { className: "quiet" }, ` request ${answer.headers.get("X-Request-ID") ?? "-"}`));
    const text = make("pre", { tabIndex: 0 });
    const told = ["Location", "ETag", "Link", "Retry-After"].filter((name) => answer.headers.has(name));
    show(place, head, ...told.map((name) => make("p", {}, code(`${name}: ${answer.headers.get(name)}`))), text);
    if (answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      place.append(make("button", { type: "button", className: "plain", onclick: () => stop.abort() }, "hang up"));
      for await (const piece of pieces(answer.body)) text.append(piece);
    } else {
      text.append(pretty(await answer.text()));
    }
    return answer.ok;
  } catch (error) {
    if (error.name === "AbortError") place.append(make("p", { className: "quiet" }, "Hung up."));
    else show(place, make("p", { className: "bad" }, `No answer: ${error.message}`));
    return false;
  }
}

async function* pieces(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const authorised = (headers) => (key ? { ...headers, Authorization: `Bearer ${key}` } : headers);

async function useKey(event) {
  event.preventDefault();
  key = $("key").value.trim();
  if (!key) return show($("whose"), "No key.");
  const answer = await fetch(`${description.servers[0].url}/me`, { headers: authorised({}) });
  const said = await answer.json();
  show($("whose"), answer.ok ? `${said.person}: ${said.scopes.join(", ")}` : said.detail);
}

function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/);
  for (const each of document.querySelectorAll("[data-of]")) {
    each.hidden = !words.every((word) => each.dataset.of.includes(word));
  }
}

function problems() {
  return make("section", {},
    make("h2", {}, "Problems"),
    table(["status", "kind", ""], description["x-problems"].map((each) =>
      make("tr", { id: each.type.split("#").pop() }, make("td", {}, `${each.status}`), make("td", {}, code(each.type)), make("td", {}, each.title)))));
}

function draw() {
  show($("about"), ...prose(description.info.description), make("p", {}, make("a", { href: "openapi.json" }, "openapi.json"), ` · version ${description.info.version}`));
  const sections = new Map(description.tags.map(({ name }) => [name, make("section", {}, make("h2", {}, name))]));
  const lists = new Map(description.tags.map(({ name }) => [name, make("div", {}, make("h2", {}, name))]));
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, one] of Object.entries(methods)) {
      const of = `${method} ${path} ${one.summary} ${one.operationId}`.toLowerCase();
      const shown = operation(method, path, one);
      shown.dataset.of = of;
      sections.get(one.tags[0]).append(shown);
      const link = make("a", { href: `#${one.operationId}`, onclick: () => { shown.open = true; } },
        make("span", { className: `verb ${method.toUpperCase()}` }, method.toUpperCase()), path);
      link.dataset.of = of;
      lists.get(one.tags[0]).append(link);
    }
  }
  $("main").append(...sections.values(), problems());
  $("list").append(...lists.values());
  const aim = location.hash && $(location.hash.slice(1));
  if (aim) {
    aim.open = true;
    aim.scrollIntoView();
  }
}

description = await (await fetch("openapi.json")).json();
draw();
$("key-form").addEventListener("submit", useKey);
$("filter").addEventListener("input", filter);
