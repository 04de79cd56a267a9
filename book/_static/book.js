// The theme lets the keyboard reach a table that scrolls sideways; a role and a name tell a screen reader what that is.
window.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".pst-scrollable-table-container").forEach((container, index) => {
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", `Table ${index + 1}`);
  });
});

// Paper is white: from the dark theme figures would be printed light on white, and so not be seen.
let theme;
window.addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
});

// A formula that is wider than the page scrolls sideways, and the keyboard must be able to scroll it.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const reach = () => {
    document.querySelectorAll("mjx-container[display]").forEach((formula) => {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    });
  };
  reach();
  window.addEventListener("resize", reach);
});
