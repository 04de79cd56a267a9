// The theme lets the keyboard reach a table that scrolls sideways; a role and a name tell a screen reader what that is.
window.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".pst-scrollable-table-container").forEach((container, index) => {
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", `Table ${index + 1}`);
  });
});
