// What all parts of the page use.

export const $ = (id) => document.getElementById(id);

/** A new element. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
