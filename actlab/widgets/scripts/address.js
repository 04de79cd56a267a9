// The state of a figure in the part of an address behind #: `#figure?name=value&...`, with the values that differ from
// those that the page has.

import { admissible } from "./controls.js";

const written = (value) =>
  typeof value === "object" ? Object.entries(value).map((entry) => entry.join(":")).join(",") : String(value);

const number = (text) => (text.trim() === "" ? NaN : Number(text));

const entry = (text) => {
  const [key, value = ""] = text.split(":");
  return [key, number(value)];
};

const parsed = (field, text) => {
  if (field.kind === "choice") return text;
  if (field.kind === "switch") return { true: true, false: false }[text];
  return field.kind === "numbers" ? Object.fromEntries(text.split(",").filter(Boolean).map(entry)) : number(text);
};

// The query behind a figure's name, or null where the address is not about that figure.
export const queryFor = (id, hash) => {
  const [name, query] = hash.slice(1).split("?");
  return name === id && query !== undefined ? new URLSearchParams(query) : null;
};

// A value for each field of a page's state: that of the query, where it is admissible, else the page's.
export const admitted = (stored, query) =>
  Object.fromEntries(
    Object.entries(stored.fields).map(([name, field]) => {
      const value = query.has(name) ? admissible(field, parsed(field, query.get(name))) : undefined;
      return [name, value === undefined ? stored[name] : value];
    }),
  );

// The address of a state, whose values `get(name)` gives.
export const addressOf = (id, stored, get) => {
  const query = new URLSearchParams();
  for (const name of Object.keys(stored.fields)) {
    if (written(get(name)) !== written(stored[name])) query.set(name, written(get(name)));
  }
  const text = String(query);
  return `#${id}${text ? `?${text}` : ""}`;
};
