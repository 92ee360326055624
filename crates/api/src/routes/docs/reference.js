// Draws /openapi.json: each address with its parameters, answers and an example, then the schemas.
// Text enters the page as text nodes only, so nothing in the document can become markup.
"use strict";

const REFERENCE = "#/components/schemas/";

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Paragraphs and `code`, which is all the mark-up that the descriptions use.
function prose(text) {
  return (text || "").split("\n\n").filter(Boolean).map((paragraph) => {
    const parts = paragraph.split("`");
    return element("p", {}, ...parts.map((part, place) => (place % 2 ? element("code", {}, part) : part)));
  });
}

function table(caption, headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...rest]) =>
    element("tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => element("td", {}, ...[cell].flat()))));
  return element("div", { class: "scroll" },
    element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body)));
}

// A schema in a few words, with links to named ones.
function kind(schema) {
  if (!schema) return ["anything"];
  if (schema.$ref) {
    const name = schema.$ref.replace(REFERENCE, "");
    return [element("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.enum) return [schema.enum.join(" or ")];
  const types = [schema.type].flat().filter(Boolean);
  if (types.includes("array")) return ["list of ", ...kind(schema.items)];
  const limits = [];
  if (schema.minimum !== undefined && schema.maximum !== undefined) limits.push(`${schema.minimum} to ${schema.maximum}`);
  if (schema.default !== undefined) limits.push(`default ${schema.default}`);
  const name = types.map((type) => (type === "string" && schema.format ? schema.format : type)).join(" or ");
  return [[name, ...limits].join(", ") || "anything"];
}

function example(schema, schemas) {
  if (!schema) return null;
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref) return example(schemas[schema.$ref.replace(REFERENCE, "")], schemas);
  if (schema.enum) return schema.enum[0];
  const type = [schema.type].flat()[0];
  if (type === "array") return [example(schema.items, schemas)];
  if (type === "object") {
    return Object.fromEntries(Object.entries(schema.properties || {}).map(([name, part]) => [name, example(part, schemas)]));
  }
  const samples = { "date": "2024-01-15", "date-time": "2024-01-15T08:00:00Z", "uuid": "6f1e2a30-0000-4000-8000-000000000001" };
  return { string: samples[schema.format] || "text", integer: 0, number: 0, boolean: true }[type] ?? null;
}

function operation(path, method, described, schemas) {
  const id = described.operationId || path;
  const heading = element("h2", { id }, element("span", { class: "method" }, method.toUpperCase()), ` ${path}`);
  const section = element("section", { "aria-labelledby": id }, heading);
  section.append(...prose(described.summary), ...prose(described.description));
  if (described.security) section.append(...prose("Needs the header `Authorization: Bearer` with an access token."));
  if (described.parameters?.length) {
    section.append(table("Parameters", ["Name", "In", "Type", "Meaning"], described.parameters.map((parameter) => [
      element("code", {}, parameter.name), parameter.in + (parameter.required ? ", required" : ""),
      kind(parameter.schema), prose(parameter.description)])));
  }
  section.append(table("Answers", ["Status", "Body", "Meaning"], Object.entries(described.responses).map(([status, response]) => [
    status, Object.values(response.content || {}).flatMap((content) => kind(content.schema)), prose(response.description)])));
  const success = Object.values(described.responses["200"]?.content || {})[0]?.schema;
  if (success?.$ref) {
    section.append(element("details", {}, element("summary", {}, "Example"),
      element("pre", {}, JSON.stringify(example(success, schemas), null, 2))));
  }
  return section;
}

function draw(api) {
  const schemas = api.components?.schemas || {};
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").prepend(...prose(api.info.description));
  const links = [];
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const section = operation(path, method, described, schemas);
      document.getElementById("operations").append(section);
      links.push(element("li", {}, element("a", { href: `#${described.operationId || path}` }, `${method.toUpperCase()} ${path}`)));
    }
  }
  document.getElementById("contents").append(element("ul", {}, ...links));
  const drawn = Object.entries(schemas).flatMap(([name, schema]) => [
    element("h3", { id: `schema-${name}` }, name), ...prose(schema.description),
    schema.properties
      ? table("Fields", ["Name", "Type", "Meaning"], Object.entries(schema.properties).map(([field, part]) => [
          element("code", {}, field), kind(part), prose(part.description)]))
      : element("p", {}, ...kind(schema))]);
  document.getElementById("schemas").append(element("h2", {}, "Schemas"), ...drawn);
}

fetch("/openapi.json")
  .then((response) => response.json())
  .then(draw)
  .catch(() => document.getElementById("operations").append("The document cannot be read; reload the page."));
